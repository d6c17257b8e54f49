import type { NodeId } from '../base/ids.ts';
import { becomeFollower } from './roles.ts';
import type { State } from './state.ts';

/**
 * Packets can flow to `peer`, maybe to a new life of it. What it acknowledged on an earlier
 * connection is verified again before it counts: a node whose disk lost entries unnoticed must not
 * be told by a heartbeat that they are committed (etcd #16220 and its kin crashed there).
 */
export function connectionOpened(state: State, peer: NodeId, recovering: boolean): void {
  if (state.role.kind !== 'leader') return;
  const progress = state.role.peers.get(peer);
  if (progress === undefined) return;
  progress.recovering = recovering;
  progress.forget(recovering ? state.log.last + 1 : progress.match + 1);
}

/**
 * The connection to `peer` ended. When it was our leader, its process probably died: stand soon,
 * and do not refuse others a vote for its sake. Pre-vote keeps a mere network fault harmless, since
 * whoever still hears the leader refuses. Off with leases, which rest on that refusal.
 */
export function connectionClosed(state: State, peer: NodeId): void {
  unreachable(state, peer);
  if (!state.settings.fastFailover || state.leader !== peer) return;
  if (state.role.kind !== 'follower') return;
  state.contact.lost = true;
  state.timer.failoverArmed = true;
}

/**
 * Nobody can lead this group yet: it has just been founded. Standing soon saves its first users an
 * election timeout; pre-vote keeps it harmless when others are not there yet.
 */
export function standSoon(state: State): void {
  if (state.role.kind === 'follower' && state.leader === null) state.timer.failoverArmed = true;
}

/** This node's state is known to be wrong, or no longer: it must not lead, though it may vote. */
export function bar(state: State, barred: boolean): void {
  state.barred = barred;
  if (barred && state.role.kind !== 'follower') becomeFollower(state, state.term, null);
}

/** Messages to `peer` do not arrive: send no more than a probe until it shows itself. */
export function unreachable(state: State, peer: NodeId): void {
  if (state.role.kind !== 'leader') return;
  const progress = state.role.peers.get(peer);
  if (progress === undefined) return;
  if (progress.state === 'replicate') progress.becomeProbe(progress.match + 1);
  progress.pauseProbe();
}
