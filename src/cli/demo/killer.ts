import { below, type Random } from '../../base/prng.ts';
import { isReady, leaderOf } from '../ask.ts';
import type { NodeProcess } from '../processes.ts';
import { pause } from '../wait.ts';
import type { Outages } from './outages.ts';

/** Kills of the leader among ten. */
const LEADER_KILLS_OF_TEN = 7;
/** From a cluster that is whole again to the next kill, at random below this. */
const PAUSE_MS_MAX = 200;
const POLL_MS = 20;
const QUESTION_MS = 1000;
/** Longer than any election or restart on a busy machine: then something is broken. */
const RECOVERY_MS_MAX = 30_000;

/** One kill that happened. */
export interface Kill {
  readonly id: string;
  readonly leader: boolean;
  /** From the kill to a cluster that is whole again: the node is back and has caught up. */
  readonly wholeMs: number;
}

/** What the killer needs. */
export interface KillerSettings {
  readonly nodes: readonly NodeProcess[];
  readonly outages: Outages;
  readonly random: Random;
  /** Begin no further kill; what was begun is finished, so that its recovery is seen. */
  readonly enough: AbortSignal;
  /** Drop everything. */
  readonly signal: AbortSignal;
  readonly onKill: (id: string, leader: boolean) => void;
  readonly onWhole: (kill: Kill) => void;
}

/**
 * Kills a node with SIGKILL, waits until writes succeed again, starts it again, waits until it has
 * caught up, and goes on, until told to stop. One node is down at a time.
 *
 * @throws {Error} when the cluster does not recover
 */
export async function runKiller(settings: KillerSettings): Promise<void> {
  const { nodes, random, signal } = settings;
  const enough = AbortSignal.any([signal, settings.enough]);
  while (!enough.aborted) {
    const leader = await currentLeader(nodes, enough);
    if (enough.aborted) return;
    const others = nodes.filter((node) => node !== leader);
    const other = others[below(random, others.length)] ?? leader;
    const victim = below(random, 10) < LEADER_KILLS_OF_TEN ? leader : other;
    await killOnce(settings, victim, victim === leader);
    await pause(below(random, PAUSE_MS_MAX), enough);
  }
}

/**
 * Resolves with the node that leads.
 *
 * @throws {Error} when there is none for too long
 */
export async function currentLeader(
  nodes: readonly NodeProcess[],
  signal: AbortSignal,
): Promise<NodeProcess> {
  const first = nodes[0];
  if (first === undefined) throw new Error('Cannot find a leader: there are no nodes');
  let found: NodeProcess = first;
  await until('a leader is there', signal, async () => {
    for (const { url } of nodes) {
      const id = await leaderOf({ url, timeoutMs: QUESTION_MS });
      const leader = nodes.find((node) => node.spec.id === id && node.running);
      if (leader !== undefined) {
        found = leader;
        return true;
      }
    }
    return false;
  });
  return found;
}

/** Starts nodes that are down and waits until every node serves and has caught up. */
export async function heal(nodes: readonly NodeProcess[], signal: AbortSignal): Promise<void> {
  for (const node of nodes) node.start();
  for (const node of nodes) await healed(node, signal);
}

async function killOnce(
  settings: KillerSettings,
  victim: NodeProcess,
  leader: boolean,
): Promise<void> {
  const killedMs = performance.now();
  const { id } = victim.spec;
  if (leader) settings.outages.onLeaderKilled(killedMs);
  const gone = victim.kill();
  settings.onKill(id, leader);
  await gone;
  await recovered(settings);
  await heal([victim], settings.signal);
  settings.onWhole({ id, leader, wholeMs: performance.now() - killedMs });
}

/** Waits until a write succeeds again; at most as long as a recovery may take. */
async function recovered({ outages, signal }: KillerSettings): Promise<void> {
  const over = new AbortController();
  const waiting = AbortSignal.any([signal, over.signal]);
  await Promise.race([outages.recovered(), pause(RECOVERY_MS_MAX, waiting)]);
  over.abort();
}

async function healed(node: NodeProcess, signal: AbortSignal): Promise<void> {
  await until(`${node.spec.id} serves again`, signal, async () => {
    if (!(await node.started())) {
      const lastLines = (await node.exited())?.lastLines.join(' ') ?? '';
      throw new Error(`${node.spec.id} did not start: ${lastLines}`);
    }
    return isReady({ url: node.url, timeoutMs: QUESTION_MS });
  });
}

/** Asks until the answer is yes, or `signal` fires. */
async function until(
  what: string,
  signal: AbortSignal,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + RECOVERY_MS_MAX;
  while (!signal.aborted && !(await holds())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Waited ${RECOVERY_MS_MAX / 1000} s in vain until ${what}`);
    }
    await pause(POLL_MS, signal);
  }
}
