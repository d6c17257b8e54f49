import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { isReady } from '../../src/cli/ask.ts';
import { findFreePorts } from '../../src/cli/ports.ts';
import {
  localCluster,
  type NodeExit,
  type NodeLine,
  NodeProcess,
  type NodeSpec,
} from '../../src/cli/processes.ts';
import { until } from '../cluster/nodes.ts';

/** Kept from one cluster and run to the next: nodes start in half the time with compiled code. */
process.env['NODE_COMPILE_CACHE'] ??= path.join(
  import.meta.dirname,
  '../../node_modules/.cache/quorlite-fault',
);

/** Elections that fit a test and still leave room for a busy machine. */
export const ELECTION_MS = 500;

/** Arguments of `serve` that set them. */
export const QUICK_ELECTIONS: readonly string[] = [
  '--election-timeout',
  `${ELECTION_MS}ms`,
  '--heartbeat',
  `${ELECTION_MS / 10}ms`,
];

const ANSWER_MS = 2000;
/** Starting three processes on a machine with other work. */
const READY_MS = 60_000;

/** A node as it describes itself. */
export interface NodeState {
  readonly role: string;
  readonly term: number;
  /** Id of the leader it follows; empty when it knows none. */
  readonly leader: string;
  readonly lastIndex: number;
  readonly diskLow: boolean;
}

/** Who leads, and since which term. */
export interface Lead {
  readonly at: number;
  readonly term: number;
}

/** Nodes as real processes, in a folder that goes with them. */
export class FaultCluster implements AsyncDisposable {
  readonly nodes: readonly NodeProcess[];
  readonly directory: string;
  readonly lines: NodeLine[] = [];
  readonly exits: NodeExit[] = [];

  constructor(directory: string, specs: readonly NodeSpec[]) {
    this.directory = directory;
    const onLine = (line: NodeLine): void => void this.lines.push(line);
    const onExit = (exit: NodeExit): void => void this.exits.push(exit);
    this.nodes = specs.map((spec) => new NodeProcess(spec, { onLine, onExit }));
  }

  /** Starts nodes on loopback, as `makeSpecs` or the usual way, and waits until all are ready. */
  static async start(
    makeSpecs: (directory: string) => readonly NodeSpec[] | Promise<readonly NodeSpec[]> = (at) =>
      loopbackSpecs(at),
  ): Promise<FaultCluster> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'quorlite-fault-'));
    await using undo = new AsyncDisposableStack();
    const cluster = undo.use(new FaultCluster(directory, await makeSpecs(directory)));
    for (const node of cluster.nodes) node.start();
    await cluster.ready();
    undo.move();
    return cluster;
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  node(at: number): NodeProcess {
    const node = this.nodes[at];
    if (node === undefined) throw new RangeError(`There is no node ${at}`);
    return node;
  }

  url(at: number): string {
    return this.node(at).url;
  }

  /** Everything that node has written so far. */
  output(at: number): string {
    const { id } = this.node(at).spec;
    const own = this.lines.filter((line) => line.id === id);
    return own.map(({ text }) => text).join('\n');
  }

  /** Sends a signal to a node that runs. */
  signal(at: number, name: NodeJS.Signals): void {
    const { pid } = this.node(at);
    if (pid === null) throw new Error(`Node ${at} does not run`);
    process.kill(pid, name);
  }

  /** kill -9 of these nodes, all at once. */
  async kill(...which: readonly number[]): Promise<void> {
    await Promise.all(which.map((at) => this.node(at).kill()));
  }

  /** Starts these nodes and waits until they serve; one that ends instead fails the test. */
  async restart(...which: readonly number[]): Promise<void> {
    for (const at of which) this.node(at).start();
    await this.ready(...which);
  }

  /** Waits until these nodes, or all, have applied everything that was committed. */
  async ready(...which: readonly number[]): Promise<void> {
    const asked = which.length > 0 ? which : this.nodes.map((_, at) => at);
    for (const at of asked) {
      const { url } = this.node(at);
      await until(
        `node ${at} to be ready`,
        async () => {
          if (!this.node(at).running) throw new Error(`Node ${at} ended: ${this.output(at)}`);
          return (await isReady({ url, timeoutMs: ANSWER_MS })) ? true : null;
        },
        READY_MS,
      );
    }
  }

  /** How a node sees itself; null when it does not answer. */
  async state(at: number): Promise<NodeState | null> {
    return stateOf(this.url(at));
  }

  /** Waits for a leader that `which`, or all nodes, agree on. */
  async leader(...which: readonly number[]): Promise<Lead> {
    const asked = which.length > 0 ? which : this.nodes.map((_, at) => at);
    return until('a leader', async () => {
      const states = await Promise.all(asked.map((at) => this.state(at)));
      const [first] = states;
      if (first === undefined || first === null || first.leader === '') return null;
      const agree = states.every(
        (state) => state?.leader === first.leader && state.term === first.term,
      );
      const at = this.nodes.findIndex(({ spec }) => spec.id === first.leader);
      const leads = states[asked.indexOf(at)]?.role === 'Leader';
      return agree && leads ? { at, term: first.term } : null;
    });
  }

  /** The positions of the nodes other than these. */
  others(...than: readonly number[]): readonly number[] {
    return this.nodes.map((_, at) => at).filter((at) => !than.includes(at));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill(...this.nodes.keys());
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Three nodes on free ports of loopback. */
export async function loopbackSpecs(
  directory: string,
  args: readonly string[] = QUICK_ELECTIONS,
): Promise<readonly NodeSpec[]> {
  return localCluster({ directory, ports: await findFreePorts(6), args });
}

/** How the node at `url` sees itself; null when it does not answer. */
export async function stateOf(url: string): Promise<NodeState | null> {
  try {
    const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const { store, quorlite } = (await response.json()) as StatusDocument;
    const { state: role, term, last_log_index: lastIndex } = store.raft;
    return { role, term, lastIndex, leader: store.leader.node_id, diskLow: quorlite.disk_low };
  } catch {
    // It is down, stopped, or starting.
    return null;
  }
}

interface StatusDocument {
  readonly store: {
    readonly raft: {
      readonly state: string;
      readonly term: number;
      readonly last_log_index: number;
    };
    readonly leader: { readonly node_id: string };
  };
  readonly quorlite: { readonly disk_low: boolean };
}
