import { access } from 'node:fs/promises';
import path from 'node:path';
import { styleText } from 'node:util';

import { QuorliteError } from '../../base/errors.ts';
import { isReady, leaderOf } from '../ask.ts';
import type { DevOptions } from '../options.ts';
import { isPortFree } from '../ports.ts';
import {
  describeExit,
  localCluster,
  nodeCommand,
  NodeProcess,
  type NodeExit,
  type NodeLine,
} from '../processes.ts';
import { pause } from '../wait.ts';

/** A node gets its own 10 s to leave, and some more to say so. */
const STOP_MS = 12_000;
const POLL_MS = 50;
const QUESTION_MS = 1000;
const COLORS = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;

/** `quorlite dev`: resolves with the exit code once the cluster has stopped. */
export async function dev(options: DevOptions): Promise<number> {
  const ports = Array.from({ length: 2 * options.nodes }, (_, at) => options.httpBase + at);
  await requireFreePorts(ports);
  const kept = await exists(options.data);
  const stop = new AbortController();
  const args = ['--log-level', options.logLevel, '--log-format', 'pretty'];
  const specs = localCluster({ directory: options.data, ports, args });
  const nodes: NodeProcess[] = specs.map(
    (spec) =>
      new NodeProcess(spec, { onLine: printLine, onExit: (exit) => onExit(exit, nodes, stop) }),
  );
  console.log(`${count(nodes.length)}, data in ${friendly(options.data)} ${history(kept)}`);
  const signals = catchSignals(nodes, stop);
  try {
    for (const node of nodes) node.start();
    const leader = await leaderIsReady(nodes, stop.signal);
    if (leader !== null) console.log(banner(nodes, leader));
    await aborted(stop.signal);
    const survivors = nodes.filter((node) => node.running);
    await Promise.all(survivors.map(async (node) => node.stop(STOP_MS)));
    return survivors.length === 0 ? 1 : 0;
  } finally {
    signals[Symbol.dispose]();
  }
}

async function requireFreePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    if (port <= 65_535 && (await isPortFree(port))) continue;
    const reason = port > 65_535 ? 'is not a port' : 'is in use';
    throw new QuorliteError(
      'address',
      `Cannot start the cluster: port ${port} of 127.0.0.1 ${reason}; ` +
        'stop what listens there, or take others with --http-base',
    );
  }
}

/** The first signal stops the nodes cleanly, the second at once. */
function catchSignals(nodes: readonly NodeProcess[], stop: AbortController): Disposable {
  const onSignal = (): void => {
    if (stop.signal.aborted) for (const node of nodes) void node.kill();
    else console.log('\nStopping; once more to stop at once.');
    stop.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return { [Symbol.dispose]: () => names.forEach((name) => process.off(name, onSignal)) };
}

function onExit(exit: NodeExit, nodes: readonly NodeProcess[], stop: AbortController): void {
  if (stop.signal.aborted) return;
  const node = nodes.find(({ spec }) => spec.id === exit.id);
  if (nodes.every(({ running }) => !running)) {
    say(exit.id, describeExit(exit));
    console.error('quorlite: Cannot go on: no node is left');
    stop.abort();
  } else {
    const again = node === undefined ? '' : ['node', ...nodeCommand(node.spec)].join(' ');
    say(exit.id, `${describeExit(exit)}; the others go on. To start it again:\n  ${again}`);
  }
}

/** The leader's id once the cluster serves; null when it was stopped before. */
async function leaderIsReady(
  nodes: readonly NodeProcess[],
  signal: AbortSignal,
): Promise<string | null> {
  while (!signal.aborted) {
    for (const { url } of nodes) {
      const leader = await leaderOf({ url, timeoutMs: QUESTION_MS });
      if (leader !== null && (await isReady({ url, timeoutMs: QUESTION_MS }))) return leader;
    }
    await pause(POLL_MS, signal);
  }
  return null;
}

function banner(nodes: readonly NodeProcess[], leader: string): string {
  const first = nodes[0]?.url ?? '';
  const last = nodes.at(-1)?.url ?? '';
  const json = "-H 'Content-Type: application/json' -d";
  return [
    '',
    styleText('bold', `The cluster is ready; ${leader} leads. Try:`, { stream: process.stdout }),
    '',
    `  curl '${first}/db/execute' ${json} '["CREATE TABLE IF NOT EXISTS city (name TEXT)"]'`,
    `  curl '${first}/db/execute' ${json} '[["INSERT INTO city VALUES (?)", "Oslo"]]'`,
    `  curl -G '${last}/db/query?level=linearizable' --data-urlencode 'q=SELECT * FROM city'`,
    `  npx quorlite shell ${first}`,
    '',
    'Kill a node with kill -9 and go on. Ctrl-C stops all of them.',
    '',
  ].join('\n');
}

function printLine({ id, text }: NodeLine): void {
  say(id, text);
}

function say(id: string, text: string): void {
  const color = COLORS[(Number(id.slice(1)) - 1) % COLORS.length] ?? 'cyan';
  console.log(`${styleText(color, `${id} |`, { stream: process.stdout })} ${text}`);
}

function count(nodes: number): string {
  return nodes === 1 ? 'One node' : `${nodes} nodes`;
}

function history(kept: boolean): string {
  return kept ? '(as the last run left it)' : '(kept for the next run)';
}

/** A path as someone in this directory would write it. */
function friendly(directory: string): string {
  const relative = path.relative(process.cwd(), directory);
  return relative === '' || relative.startsWith('..') ? directory : `./${relative}`;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
