/**
 * Nodes as child processes, for `dev`, `demo` and tests.
 *
 * A child is a process of its own group, so that Ctrl-C in a terminal reaches only its parent, and
 * it watches the channel to its parent, so that it ends even when the parent is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { Address, NodeId } from '../base/ids.ts';

/** One node to run. */
export interface NodeSpec {
  readonly id: NodeId;
  readonly directory: string;
  readonly http: Address;
  readonly peer: Address;
  /** Further arguments of `serve`. */
  readonly args: readonly string[];
  /** Words before the program, of something that becomes it, such as `env` or `nsenter`. */
  readonly prefix: readonly string[];
}

/** A line that a node wrote. */
export interface NodeLine {
  readonly id: NodeId;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** How a process ended; `code` is null when a signal ended it. */
export interface NodeExit {
  readonly id: NodeId;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last lines on stderr, which hold the reason. */
  readonly lastLines: readonly string[];
}

/** What a node tells the process that runs it. */
export interface NodeEvents {
  readonly onLine: (line: NodeLine) => void;
  /** Every end, wanted or not. */
  readonly onExit: (exit: NodeExit) => void;
}

/** Set for children: leave when the channel to the parent closes. */
export const SUPERVISED_VARIABLE = 'QUORLITE_SUPERVISED';

const HOST = '127.0.0.1';
const LAST_LINES_MAX = 10;
/** Beside the nodes: compiled code, which makes them start in half the time. */
const CODE_CACHE = '.code-cache';

/** The nodes of a cluster on this machine: n1, n2, … in folders of `directory`. */
export function localCluster(settings: {
  readonly directory: string;
  /** Two for every node: clients, then peers. */
  readonly ports: readonly number[];
  readonly args: readonly string[];
}): readonly NodeSpec[] {
  const count = settings.ports.length / 2;
  const address = (at: number): Address => `${HOST}:${settings.ports[at] ?? 0}`;
  const peers = Array.from({ length: count }, (_, node) => address(2 * node + 1));
  return peers.map((peer, node) => ({
    id: `n${node + 1}`,
    directory: path.join(settings.directory, `n${node + 1}`),
    http: address(2 * node),
    peer,
    args: ['--bootstrap-expect', String(count), '--join', peers.join(','), ...settings.args],
    prefix: [],
  }));
}

/** The command line of a node, from the program on. */
export function nodeCommand(spec: NodeSpec): readonly string[] {
  const own = fileURLToPath(import.meta.url);
  const program = path.join(path.dirname(own), `main${path.extname(own)}`);
  const addresses = ['--http', spec.http, '--peer', spec.peer];
  return [program, 'serve', '--id', spec.id, '--data', spec.directory, ...addresses, ...spec.args];
}

/** One node, running or not; it can be started again after it ended. */
export class NodeProcess {
  readonly spec: NodeSpec;
  readonly #events: NodeEvents;
  #child: ChildProcess | null = null;
  #exited: Promise<NodeExit> | null = null;
  #listening: Promise<void> | null = null;

  constructor(spec: NodeSpec, events: NodeEvents) {
    this.spec = spec;
    this.#events = events;
  }

  get running(): boolean {
    return this.#child !== null;
  }

  /** The process id; null when it is not running. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** `http://host:port`. */
  get url(): string {
    return `http://${this.spec.http}`;
  }

  /** Starts it; `started` and `exited` then speak of this process. Does nothing while it runs. */
  start(): void {
    if (this.#child !== null) return;
    const words = [...this.spec.prefix, process.execPath, ...nodeCommand(this.spec)];
    const [program = process.execPath, ...args] = words;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      env: childEnvironment(path.join(path.dirname(this.spec.directory), CODE_CACHE)),
    });
    this.#child = child;
    const lastLines: string[] = [];
    this.#readLines('stdout', child.stdout, () => undefined);
    this.#readLines('stderr', child.stderr, (line) => {
      lastLines.push(line);
      if (lastLines.length > LAST_LINES_MAX) lastLines.shift();
    });
    const listening = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<NodeExit>();
    this.#listening = listening.promise;
    this.#exited = exited.promise;
    child.on('message', () => listening.resolve());
    child.on('error', (error) => lastLines.push(error.message));
    // `close` comes after the last line was read; without a process there is only `error`.
    child.once('close', (code, signal) => {
      this.#child = null;
      const exit = { id: this.spec.id, code, signal, lastLines };
      listening.resolve();
      exited.resolve(exit);
      this.#events.onExit(exit);
    });
  }

  /** Resolves once it answers requests; false when it ended before. */
  async started(): Promise<boolean> {
    await this.#listening;
    return this.running;
  }

  /** Resolves with how it ended; at once when it never ran. */
  async exited(): Promise<NodeExit | null> {
    return this.#exited;
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks it to leave cleanly, and kills it when that takes longer than `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#child === null) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #readLines(
    stream: NodeLine['stream'],
    source: Readable | null,
    keep: (text: string) => void,
  ): void {
    if (source === null) return;
    createInterface({ input: source, crlfDelay: Infinity }).on('line', (text) => {
      keep(text);
      this.#events.onLine({ id: this.spec.id, stream, text });
    });
  }
}

/** Words for how a process ended. */
export function describeExit(exit: NodeExit): string {
  if (exit.signal !== null) return `was killed by ${exit.signal}`;
  return exit.code === 0 ? 'stopped' : `stopped with exit code ${exit.code ?? 'unknown'}`;
}

/** Children get their options from flags alone: what is set for this process is not for them. */
function childEnvironment(codeCache: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('QUORLITE_') || name === 'QUORLITE_DEBUG',
  );
  return {
    NODE_COMPILE_CACHE: codeCache,
    ...Object.fromEntries(kept),
    [SUPERVISED_VARIABLE]: '1',
  };
}
