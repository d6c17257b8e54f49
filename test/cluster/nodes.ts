import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type NodeOptions, openNode, type RunningNode, silentLogger } from '../../src/index.ts';

process.env['TZ'] = 'UTC';

const HOST = '127.0.0.1';

/** Options a test gives a node; everything else has the product's defaults. */
export type TestOptions = Partial<NodeOptions>;

/** Nodes of one cluster inside this process, over real files and sockets. */
export class TestCluster implements AsyncDisposable {
  readonly root: string;
  readonly #ports: readonly number[];
  readonly #options: TestOptions;
  readonly nodes: (RunningNode | null)[] = [];

  constructor(root: string, ports: readonly number[], options: TestOptions) {
    this.root = root;
    this.#ports = ports;
    this.#options = options;
  }

  /** Starts `count` nodes that form one cluster, and waits until it takes writes. */
  static async start(count: number, options: TestOptions = {}): Promise<TestCluster> {
    const root = await mkdtemp(join(tmpdir(), 'quorlite-test-'));
    const cluster = new TestCluster(root, await freePorts(count + 3), options);
    const others = cluster.#ports.slice(0, count).map((port) => `${HOST}:${port}`);
    await Promise.all(
      others.map((_, at) => cluster.open(at, { join: others, bootstrapExpect: count })),
    );
    await cluster.leader();
    return cluster;
  }

  directory(at: number): string {
    return join(this.root, `n${at + 1}`);
  }

  peerAddress(at: number): string {
    return `${HOST}:${this.#ports[at]}`;
  }

  /** Opens node `at`, new or again. */
  async open(at: number, options: TestOptions = {}): Promise<RunningNode> {
    const node = await openNode({
      directory: this.directory(at),
      id: `n${at + 1}`,
      peerAddress: this.peerAddress(at),
      peerAdvertise: null,
      clientAddress: `${HOST}:${20_000 + at}`,
      join: [],
      bootstrapExpect: 0,
      clusterSecret: null,
      electionTimeoutMs: 1000,
      heartbeatIntervalMs: 100,
      readWorkers: 1,
      compactBytes: 64 * 1024 * 1024,
      trailingBytes: 16 * 1024 * 1024,
      syncDelayMs: 0,
      logger: silentLogger,
      ...this.#options,
      ...options,
    });
    this.nodes[at] = node;
    return node;
  }

  /** Stops node `at` cleanly. */
  async stop(at: number): Promise<void> {
    const node = this.nodes[at] ?? null;
    this.nodes[at] = null;
    await node?.stop();
  }

  node(at: number): RunningNode {
    const node = this.nodes[at] ?? null;
    if (node === null) throw new Error(`Node ${at} does not run`);
    return node;
  }

  /** The position of the leader, once there is one that all running nodes agree on. */
  async leader(): Promise<number> {
    return until('a leader', () => {
      const running = this.nodes.filter((node) => node !== null);
      const leaders = running.map((node) => node.database.leader()?.id ?? null);
      const [first] = leaders;
      if (first === undefined || first === null || leaders.some((id) => id !== first)) return null;
      const at = this.nodes.findIndex((node) => node?.id === first);
      return at < 0 ? null : at;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((_, at) => this.stop(at)));
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Waits until `look` finds something; fails after `timeoutMs`. */
export async function until<T>(
  what: string,
  look: () => T | null | Promise<T | null>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 5);
    await promise;
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen({ host: HOST, port: 0 }, resolve);
      await promise;
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => {
        resolve();
      });
      await promise;
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}
