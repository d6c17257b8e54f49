import { makeLocalCluster } from '../../src/cli/local-cluster.ts';
import { describeExit, type NodeExit, type NodeProcess } from '../../src/cli/processes.ts';
import type { Cluster, ServerNode } from './cluster.ts';

const NODES = 3;

/** What cluster of ours to start. */
export interface QuorliteSettings {
  readonly name: string;
  readonly directory: string;
  /** Every sync of the disk takes this much longer. */
  readonly syncDelayMs: number;
}

/** Starts three nodes of this checkout. @throws {Error} with the reason when one does not start */
export async function startQuorlite(settings: QuorliteSettings): Promise<Cluster> {
  const { name, directory, syncDelayMs } = settings;
  let problem: string | null = null;
  let stopping = false;
  const expected = new Set<string>();
  const cluster = await makeLocalCluster({
    nodes: NODES,
    directory,
    args: ['--log-level', 'error', '--sync-delay', syncDelayMs === 0 ? '0' : `${syncDelayMs}ms`],
    events: {
      onLine: () => undefined,
      onExit(exit) {
        if (!stopping && !expected.has(exit.id)) problem ??= explain(name, exit);
      },
    },
  });
  const start = async (): Promise<void> => {
    for (const node of cluster.nodes) node.start();
    await Promise.all(cluster.nodes.map(async (node) => node.started()));
  };
  const processOf = (node: ServerNode): NodeProcess | undefined =>
    cluster.nodes.find(({ pid }) => pid === node.pid);
  await start();
  return {
    name,
    get problem() {
      return problem;
    },
    get nodes() {
      return cluster.nodes.filter(({ running }) => running).map(toServerNode);
    },
    async kill(node) {
      const victim = processOf(node);
      if (victim === undefined) return;
      expected.add(victim.spec.id);
      await victim.kill();
    },
    async revive() {
      await start();
      expected.clear();
    },
    operationOf: ({ operation }) => operation,
    async [Symbol.asyncDispose]() {
      stopping = true;
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function toServerNode({ spec, pid }: NodeProcess): ServerNode {
  const [host = '', port = ''] = spec.http.split(':');
  return { target: { host, port: Number(port) }, pid: pid ?? 0 };
}

function explain(name: string, exit: NodeExit): string {
  const lines = exit.lastLines.join('\n  ');
  return `Cannot measure ${name}: node ${exit.id} ${describeExit(exit)}:\n  ${lines}`;
}
