import type { Cluster } from '../cluster.ts';
import { Violation } from '../watch.ts';
import type { Workload } from '../workload.ts';
import { isUnnoticed } from './wrong-state.ts';

/**
 * I12: once healed, there is a leader, every member has applied everything and holds the same
 * content, and nobody waits for anything. Returns null when that is so, else what is missing;
 * throws instead when `insist`. `unavailable` is an answer when too few whole disks are left.
 */
export function requireConvergence(
  cluster: Cluster,
  workload: Workload,
  insist: boolean,
): string | null {
  const missing = whatIsMissing(cluster, workload);
  if (missing === null || !insist) return missing;
  if (isUnavailable(cluster)) return 'unavailable';
  throw new Violation('I12', `Convergence: after healing ${missing}`);
}

/**
 * The term of a leader that has no reason to end its reign; null when there is none. One whose
 * state was spoiled stops when that shows, which may be long after everything else was healed.
 */
export function settledTerm(cluster: Cluster): number | null {
  const leader = cluster.leader();
  return leader === null || leader.watched.wrong ? null : (leader.watched.core?.term ?? null);
}

/** I12, too: while nothing goes wrong, whoever led in term `before` goes on leading. */
export function requireStability(cluster: Cluster, before: number | null): void {
  const after = cluster.leader()?.watched.core?.term ?? null;
  if (before === null || before === after || isUnavailable(cluster) || cluster.isSpoiled) return;
  throw new Violation(
    'I12',
    `Stability: after healing term ${before} was followed by ${String(after)} without any fault`,
  );
}

function whatIsMissing(cluster: Cluster, workload: Workload): string | null {
  const leader = cluster.leader();
  if (leader?.watched.core === null || leader === null) return 'nobody leads';
  const { commit, config } = leader.watched.core;
  if (commit < cluster.truth.commit) return `${leader.id} leads and has not committed everything`;
  let hash: string | null = null;
  for (const { id } of config.members) {
    const node = cluster.nodes.find((candidate) => candidate.id === id);
    if (node === undefined || node.retired) continue;
    if (node.life === null || node.machine === null) return `${id} does not run`;
    if (node.machine.applied !== commit) {
      return `${id} has applied ${node.machine.applied} of ${commit}`;
    }
    if (!isUnnoticed(node.watched)) {
      const held = node.machine.contentHash();
      hash ??= held;
      if (held !== hash) return `${id} has other content than those before`;
    }
    if (node.watched.owed > 0) return `${id} owes ${node.watched.owed} outcomes`;
    if (node.watched.told) return `${id} waits for the copy that replaces its state`;
    if (node.watched.core?.recovering === true) return `${id} is still recovering`;
  }
  const stray = cluster.nodes.find(
    ({ life, retired, watched }) =>
      life !== null && !retired && watched.core?.config.voters.length === 0,
  );
  if (stray !== undefined) return `${stray.id} was let in and nobody knows it`;
  if (workload.waiting > 0) return `${workload.waiting} clients wait`;
  return null;
}

/**
 * Whether too few voters are left who can say what is right: the rest waits for copies of a state
 * that is contradicted, and must not get them.
 */
function isMute(cluster: Cluster): boolean {
  const status = cluster.leader()?.replica?.raft.status() ?? null;
  if (status === null || !cluster.nodes.some(({ watched }) => watched.wrong)) return false;
  const { first, config } = status;
  const { voters } = config;
  // Between two attempts to send it a copy, it is what the log no longer has that it waits for.
  const waits = (id: string): boolean =>
    status.progress.some(
      (peer) => peer.id === id && (peer.state === 'snapshot' || peer.match + 1 < first),
    );
  const speaking = cluster.nodes.filter(
    ({ id, life, watched }) => voters.includes(id) && life !== null && !watched.wrong && !waits(id),
  );
  return speaking.length <= voters.length / 2;
}

/** Whether lies of disks, or machines gone for good, took a majority away. */
function isUnavailable(cluster: Cluster): boolean {
  // What a majority holds is what counts, and no majority holds what the log says.
  if (cluster.watch.states.isVoid || isMute(cluster)) return true;
  const configs = cluster.nodes
    .flatMap(({ watched }) => watched.core?.config ?? [])
    .filter(({ voters }) => voters.length > 0);
  return configs.some(({ voters }) => {
    const whole = voters.filter((id) => {
      const node = cluster.nodes.find((candidate) => candidate.id === id);
      return node !== undefined && !node.retired && !node.watched.tainted && node.life !== null;
    });
    return whole.length <= voters.length / 2;
  });
}
