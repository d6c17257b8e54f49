import type { NodeId } from '../base/ids.ts';
import type { Progress } from './progress.ts';
import { isVoter } from './quorum.ts';
import type { Leader, State } from './state.ts';

/** Whether a hand-over was started; the outcome shows as a change of leadership, or not. */
export type TransferOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `no-target`: nobody suitable, or not the one asked for. */
      readonly reason: 'not-leader' | 'transferring' | 'no-target';
    };

/**
 * Hands the leadership to `to`, or to the follower that needs least (thesis 3.10). Proposals are
 * refused meanwhile, or the target would never catch up under load (hashicorp/raft #581). Every
 * other role answers at once (#413 blocked forever).
 */
export function transferLeadership(state: State, to: NodeId | null): TransferOutcome {
  const { role } = state;
  if (role.kind !== 'leader') return { ok: false, reason: 'not-leader' };
  if (role.transfer !== null) return { ok: false, reason: 'transferring' };
  const target = to === null ? bestTarget(state, role) : role.peers.get(to);
  if (target === undefined || !isSuitable(state, target)) return { ok: false, reason: 'no-target' };
  role.transfer = { to: target.id, abortAtMs: null, sent: false };
  return { ok: true };
}

/** Tells the target to stand once it has everything. */
export function continueTransfer(state: State, leader: Leader): void {
  const { transfer } = leader;
  if (transfer === null || transfer.sent) return;
  const target = leader.peers.get(transfer.to);
  if (target === undefined || target.match < state.log.last) return;
  transfer.sent = true;
  sendTimeoutNow(state, leader, transfer.to);
}

/** Gives up after an election timeout; proposals are taken again, leases stay off. */
export function checkTransfer(state: State, leader: Leader): void {
  const { transfer } = leader;
  if (transfer === null) return;
  transfer.abortAtMs ??= state.now + state.settings.electionTimeoutMs;
  if (state.now >= transfer.abortAtMs) leader.transfer = null;
}

/** Has somebody stand in for a leader that is about to go. */
export function appointSuccessor(state: State, leader: Leader): void {
  const target = bestTarget(state, leader);
  if (target !== undefined && target.match === state.log.last) {
    sendTimeoutNow(state, leader, target.id);
  }
}

function sendTimeoutNow(state: State, leader: Leader, to: NodeId): void {
  leader.timeoutNowSent = true;
  const { id: from, term, log } = state;
  state.outbox.send({ kind: 'timeout-now', from, to, term, lastIndex: log.last });
}

/** Of those that entries flow to: where the connection just ended, nobody would take over. */
function bestTarget(state: State, leader: Leader): Progress | undefined {
  let best: Progress | undefined;
  for (const progress of leader.peers.values()) {
    if (progress.state !== 'replicate' || !isSuitable(state, progress)) continue;
    if (best === undefined || progress.match > best.match) best = progress;
  }
  return best;
}

function isSuitable(state: State, progress: Progress): boolean {
  const member = state.config.voters.includes(progress.id) && isVoter(state.config, progress.id);
  return member && progress.seemsAlive && !progress.recovering;
}
