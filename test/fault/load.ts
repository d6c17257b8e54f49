import assert from 'node:assert/strict';

import { checkAtRest } from '../../src/cli/demo/audit.ts';
import { type Audit, Ledger } from '../../src/cli/demo/ledger.ts';
import { Outages } from '../../src/cli/demo/outages.ts';
import { connectWriter, setUp } from '../../src/cli/demo/traffic.ts';
import { runWriter } from '../../src/cli/demo/writer.ts';
import { judge } from '../../src/cli/verify/verify.ts';
import { QuorliteClient } from '../../src/client/index.ts';
import { until } from '../cluster/nodes.ts';

const VERIFY_MS = 30_000;

/**
 * The writers, ledger and audit of `quorlite demo`, for a cluster that a test breaks: every write
 * has an id and is sent once; what its client was told is compared with what is there.
 */
export class Load implements AsyncDisposable {
  readonly ledger: Ledger;
  readonly #writers: number;
  readonly #end = new AbortController();
  readonly #running: Promise<unknown>;

  /** Use the static method. */
  constructor(urls: readonly string[], writers: number) {
    this.#writers = writers;
    this.ledger = new Ledger(writers);
    this.#running = Promise.all(
      Array.from({ length: writers }, (_, writer) => this.#run(writer, urls)),
    );
  }

  /** Makes the tables and starts to write through all of `urls`. */
  static async start(urls: readonly string[], writers = 6): Promise<Load> {
    await setUp(urls, new AbortController().signal);
    return new Load(urls, writers);
  }

  /** Waits until `count` more writes are acknowledged than are now. */
  async acknowledges(count: number): Promise<void> {
    const wanted = this.ledger.count('acknowledged') + count;
    await until(
      `${count} more acknowledged writes`,
      () => (this.ledger.count('acknowledged') >= wanted ? true : null),
      30_000,
    );
  }

  /** Ends the writers once what they have under way is settled. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  /** Stops, and holds the cluster to what the writers were told; asks the first of `urls`. */
  async judge(urls: readonly string[]): Promise<Audit> {
    await this.stop();
    const { audit, violations } = await checkAtRest(urls[0] ?? '', this.ledger, this.#writers);
    const { lost, duplicated, unexpected } = audit;
    assert.deepEqual(
      { lost, duplicated, unexpected, violations },
      { lost: 0, duplicated: 0, unexpected: 0, violations: [] },
    );
    assert.ok(audit.acknowledged > 0, 'nothing was acknowledged');
    await assertEqualNodes(urls);
    return audit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(writer: number, urls: readonly string[]): Promise<void> {
    // Each begins at another node.
    const from = writer % urls.length;
    await using connection = connectWriter([...urls.slice(from), ...urls.slice(0, from)]);
    const { ledger } = this;
    const outages = new Outages();
    await runWriter({
      writer,
      write: connection.write,
      ledger,
      outages,
      signal: this.#end.signal,
    });
  }
}

/**
 * Holds all nodes to equal content at one index. A node may miss a question: a connection from
 * before a network fault can end seconds after it healed. Then all are asked again.
 */
async function assertEqualNodes(urls: readonly string[]): Promise<void> {
  await using client = new QuorliteClient({ endpoints: urls });
  const verdict = await until('all nodes to answer', async () => {
    const verification = await client.verify({ timeoutMs: VERIFY_MS });
    const answered = verification.nodes.every(({ hash }) => hash !== null);
    return answered ? judge(verification) : null;
  });
  assert.ok(verdict.equal, verdict.text);
}
