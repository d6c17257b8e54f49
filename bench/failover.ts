import { setTimeout as pause } from 'node:timers/promises';

import { type Cluster, findRoles, type ServerNode, urlOf } from './systems/cluster.ts';
import { query } from './systems/fixture.ts';
import { INSERT_BEACON, SELECT_BEACONS } from './workloads/schema.ts';

/** Longer than any election; a survivor that hangs is asked again. */
const WRITE_MS = 2000;
const RETRY_MS = 5;
const GIVE_UP_MS = 30_000;
/** Writes before each kill: the connections of clients are warm, and the leader is at work. */
const WRITES_BEFORE_KILL = 20;

/** How a cluster took the loss of its leaders. */
export interface Failovers {
  /** From each kill to the first write that a survivor acknowledged. */
  readonly outagesMs: readonly number[];
  /** Acknowledged writes that were gone at the end; must be empty. */
  readonly lost: readonly number[];
}

/** Ids of the writes, so that each can be looked for. */
interface Beacons {
  next: number;
  readonly acknowledged: number[];
}

/** Kills the leader `kills` times with SIGKILL, each time once all three nodes are back. */
export async function measureFailovers(
  cluster: Cluster,
  kills: number,
  signal: AbortSignal,
): Promise<Failovers> {
  const beacons: Beacons = { next: 1, acknowledged: [] };
  const outagesMs: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const { leader, followers } = await findRoles(cluster, signal);
    for (let n = 0; n < WRITES_BEFORE_KILL; n++) {
      for (const node of followers) await write(node, beacons);
    }
    const killedMs = performance.now();
    const gone = cluster.kill(leader);
    outagesMs.push((await firstWriteMs(followers, beacons, signal)) - killedMs);
    await gone;
    await cluster.revive();
  }
  const { leader } = await findRoles(cluster, signal);
  const found = new Set((await query(leader, SELECT_BEACONS, 'strong')).map(([id]) => id));
  return { outagesMs, lost: beacons.acknowledged.filter((id) => !found.has(id)) };
}

/** When, on the clock of `performance`, a survivor first acknowledged a write. */
async function firstWriteMs(
  survivors: readonly ServerNode[],
  beacons: Beacons,
  signal: AbortSignal,
): Promise<number> {
  const over = new AbortController();
  const untilMs = performance.now() + GIVE_UP_MS;
  const attempts = survivors.map(async (node) => {
    while (!over.signal.aborted) {
      signal.throwIfAborted();
      if (await write(node, beacons)) return;
      if (performance.now() > untilMs) {
        throw new Error(`Cannot write ${GIVE_UP_MS / 1000} s after the leader was killed`);
      }
      await pause(RETRY_MS);
    }
  });
  try {
    await Promise.race(attempts);
    return performance.now();
  } finally {
    over.abort();
    // A write that is still under way may yet be acknowledged, and is then looked for, too.
    await Promise.allSettled(attempts);
  }
}

async function write(node: ServerNode, beacons: Beacons): Promise<boolean> {
  const id = beacons.next++;
  try {
    const response = await fetch(`${urlOf(node)}/db/execute`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify([[INSERT_BEACON, id]]),
      signal: AbortSignal.timeout(WRITE_MS),
    });
    const text = await response.text();
    if (!response.ok || text.includes('"error"') || !text.includes('rows_affected')) return false;
    beacons.acknowledged.push(id);
    return true;
  } catch {
    // Refused, cut off or too slow: not acknowledged. The caller tries again.
    return false;
  }
}
