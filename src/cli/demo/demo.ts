import { randomInt } from 'node:crypto';

import { messageOf } from '../../base/errors.ts';
import { Sfc32 } from '../../base/prng.ts';
import { makeLocalCluster, type LocalCluster } from '../local-cluster.ts';
import type { DemoOptions } from '../options.ts';
import { pause } from '../wait.ts';
import { checkAtRest } from './audit.ts';
import { heal, runKiller } from './killer.ts';
import { Ledger } from './ledger.ts';
import { Outages } from './outages.ts';
import { runReader, type Reads } from './reader.ts';
import { formatSummary, isSound, type Summary } from './summary.ts';
import { compareNodes, connectWriter, setUp } from './traffic.ts';
import { runWriter } from './writer.ts';

const WRITERS = 4;
const READERS = 2;
const PROGRESS_MS = 5000;

/** Everything a run notes as it goes. */
interface RunRecord {
  readonly ledger: Ledger;
  readonly outages: Outages;
  readonly reads: Reads;
  kills: number;
  leaderKills: number;
  problem: string | null;
}

/** When to end: `run` stops killing and writing, `all` stops the checks at the end as well. */
interface Signals {
  readonly run: AbortSignal;
  readonly all: AbortSignal;
}

/** `quorlite demo`: resolves with the exit code, 1 when a promise was broken. */
export async function demo(options: DemoOptions): Promise<number> {
  const seed = options.seed ?? randomInt(2 ** 32);
  const record: RunRecord = {
    ledger: new Ledger(WRITERS),
    outages: new Outages(),
    reads: { done: 0, violations: [] },
    kills: 0,
    leaderKills: 0,
    problem: null,
  };
  using signals = catchSignals();
  await using cluster = await makeLocalCluster({
    nodes: options.nodes,
    directory: options.data,
    args: ['--log-level', 'error', '--log-format', 'pretty'],
    events: { onLine: () => undefined, onExit: () => undefined },
  });
  console.log(`${options.nodes} nodes in ${cluster.directory}, seed ${seed}`);
  const summary = await run({ cluster, record, signals, seconds: options.seconds, seed });
  process.stdout.write(formatSummary(summary));
  return isSound(summary) ? 0 : 1;
}

interface Run {
  readonly cluster: LocalCluster;
  readonly record: RunRecord;
  readonly signals: Signals;
  readonly seconds: number;
  readonly seed: number;
}

async function run(settings: Run): Promise<Summary> {
  const { cluster, record, signals } = settings;
  const summary: Summary = {
    audit: null,
    problem: null,
    reads: 0,
    violations: [],
    kills: 0,
    leaderKills: 0,
    longestOutageMs: 0,
    failoversMs: [],
    hashes: [],
  };
  try {
    await heal(cluster.nodes, signals.run);
    await setUp(cluster.urls, signals.run);
    await traffic(settings);
    console.log('The killing is over: healing and comparing.');
    await heal(cluster.nodes, signals.all);
    if (signals.all.aborted) return withRecord({ ...summary, problem: 'interrupted' }, record);
    const hashes = await compareNodes(cluster.urls);
    const check = await checkAtRest(cluster.urls[0] ?? '', record.ledger, WRITERS);
    record.reads.violations.push(...check.violations);
    return withRecord({ ...summary, audit: check.audit, hashes, problem: record.problem }, record);
  } catch (error) {
    return withRecord({ ...summary, problem: messageOf(error) }, record);
  }
}

/** Writers, readers and the killer, until the time is over or somebody interrupts. */
async function traffic({ cluster, record, signals, seconds, seed }: Run): Promise<void> {
  const { ledger, outages, reads } = record;
  // After the time is up, writes go on until the cluster is whole again.
  const over = new AbortController();
  const signal = AbortSignal.any([signals.run, over.signal]);
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    await using connection = connectWriter(rotate(cluster.urls, writer));
    await runWriter({ writer, write: connection.write, ledger, outages, signal });
  });
  const readers = Array.from({ length: READERS }, async (_, reader) =>
    runReader({ urls: cluster.urls, ledger, reads, random: new Sfc32(seed, reader + 1), signal }),
  );
  const progress = showProgress(record, signal);
  try {
    await runKiller({
      nodes: cluster.nodes,
      outages,
      random: new Sfc32(seed, 0),
      enough: AbortSignal.timeout(seconds * 1000),
      signal: signals.run,
      onKill(id, leader) {
        record.kills++;
        if (leader) record.leaderKills++;
        console.log(`  kill -9 ${id}${leader ? ', the leader' : ''}`);
      },
      onWhole: () => undefined,
    });
  } catch (error) {
    record.problem = messageOf(error);
  }
  over.abort();
  await Promise.all([...writers, ...readers, progress]);
}

async function showProgress(record: RunRecord, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    await pause(PROGRESS_MS, signal);
    if (signal.aborted) return;
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const { ledger, reads, kills, outages } = record;
    const longest = Math.round(outages.longestMs);
    console.log(
      `${seconds} s: ${ledger.count('acknowledged')} writes, ${ledger.count('unknown')} unknown, ` +
        `${reads.done} reads, ${reads.violations.length} wrong, ${kills} kills, ` +
        `longest outage ${longest} ms`,
    );
  }
}

/** The same list, starting elsewhere, so that clients begin at different nodes. */
function rotate(urls: readonly string[], by: number): readonly string[] {
  const at = by % urls.length;
  return [...urls.slice(at), ...urls.slice(0, at)];
}

function withRecord(summary: Summary, record: RunRecord): Summary {
  return {
    ...summary,
    reads: record.reads.done,
    violations: record.reads.violations,
    kills: record.kills,
    leaderKills: record.leaderKills,
    longestOutageMs: record.outages.longestMs,
    failoversMs: record.outages.failoversMs,
  };
}

function catchSignals(): Signals & Disposable {
  const run = new AbortController();
  const all = new AbortController();
  const onSignal = (): void => {
    if (run.signal.aborted) all.abort();
    else console.log('\nStopping and checking; once more to skip the check.');
    run.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    run: run.signal,
    all: all.signal,
    [Symbol.dispose]: () => names.forEach((name) => process.off(name, onSignal)),
  };
}
