import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { findFreePorts } from '../../src/cli/ports.ts';
import type { Target } from '../load/connection.ts';
import type { Cluster } from './cluster.ts';

const NODES = 3;
const HOST = '127.0.0.1';
const LAST_LINES_MAX = 10;
/** rqlited leaves cleanly within this, or is killed. */
const STOP_MS = 3000;

/** Starts three nodes with rqlite's own defaults. `binary` is rqlited. */
export async function startRqlite(
  name: string,
  binary: string,
  directory: string,
): Promise<Cluster> {
  await mkdir(directory, { recursive: true });
  const ports = await findFreePorts(2 * NODES);
  const join = ports.filter((_, i) => i % 2 === 1).map((port) => `${HOST}:${port}`);
  const nodes = join.map(
    (raft, i) =>
      new RqliteNode(binary, {
        target: { host: HOST, port: ports[2 * i] ?? 0 },
        raft,
        join,
        id: String(i + 1),
        directory: path.join(directory, `n${i + 1}`),
      }),
  );
  for (const node of nodes) node.start();
  return {
    name,
    get problem() {
      const ended = nodes.find((node) => node.endedByItself);
      return ended === undefined
        ? null
        : `Cannot measure ${name}: a node ended:\n  ${ended.lastLines.join('\n  ')}`;
    },
    get nodes() {
      return nodes.filter((node) => node.running).map(({ target, pid }) => ({ target, pid }));
    },
    kill: async ({ pid }) => nodes.find((node) => node.pid === pid)?.end('SIGKILL'),
    async revive() {
      for (const node of nodes) node.start();
    },
    operationOf: ({ rqliteOperation }) => rqliteOperation,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(async (node) => node.end('SIGTERM')));
    },
  };
}

interface RqliteSpec {
  readonly target: Target;
  readonly raft: string;
  readonly join: readonly string[];
  readonly id: string;
  readonly directory: string;
}

class RqliteNode {
  readonly #binary: string;
  readonly #spec: RqliteSpec;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #ending = false;
  readonly lastLines: string[] = [];
  endedByItself = false;

  constructor(binary: string, spec: RqliteSpec) {
    this.#binary = binary;
    this.#spec = spec;
  }

  get target(): Target {
    return this.#spec.target;
  }

  get running(): boolean {
    return this.#child !== null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(): void {
    if (this.#child !== null) return;
    const { target, raft, join, id, directory } = this.#spec;
    const http = `${target.host}:${target.port}`;
    const addresses = ['-http-addr', http, '-raft-addr', raft, '-join', join.join(',')];
    const cluster = ['-node-id', id, '-bootstrap-expect', String(join.length)];
    // A process group of its own: Ctrl-C reaches only this process, which then ends its children.
    const child = spawn(this.#binary, [...cluster, ...addresses, directory], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#child = child;
    this.#ending = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.lastLines.push(...text.trimEnd().split('\n'));
      this.lastLines.splice(0, this.lastLines.length - LAST_LINES_MAX);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    child.on('error', (error) => this.lastLines.push(error.message));
    child.once('close', () => {
      this.#child = null;
      if (!this.#ending) this.endedByItself = true;
      resolve();
    });
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#ending = true;
    const child = this.#child;
    if (child === null) return;
    child.kill(signal);
    await Promise.race([this.#exited, pause(STOP_MS, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await this.#exited;
  }
}
