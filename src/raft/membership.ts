import { leaveJoint } from './config-change.ts';
import { appendConfig } from './own-entries.ts';
import { Progress } from './progress.ts';
import { isJoint, participants } from './quorum.ts';
import type { Leader, State } from './state.ts';

/**
 * Makes the leader talk to who is in the configuration now. Those who left hear of it: they stay
 * until they were told that the configuration without them is committed, and then go quiet
 * instead of asking for votes.
 */
export function syncPeers(state: State, leader: Leader): void {
  const ids = participants(state.config);
  for (const progress of leader.peers.values()) {
    if (ids.has(progress.id)) progress.removedAt = null;
    else progress.removedAt ??= state.configs.currentIndex;
  }
  for (const id of ids) {
    if (id === state.id || leader.peers.has(id)) continue;
    const progress = new Progress(id, state.log.last + 1);
    // Without this a quorum check right after would count a member that had no time to answer.
    progress.recentlyActive = true;
    leader.peers.set(id, progress);
  }
}

/**
 * What a committed configuration asks of the leader: leave a joint one, or leave office. Returns
 * whether the configuration in force changed.
 */
export function afterConfigCommitted(state: State, leader: Leader): boolean {
  if (state.configPending) return false;
  if (isJoint(state.config)) {
    if (!state.config.autoLeave) return false;
    appendConfig(state, leaveJoint(state.config));
    syncPeers(state, leader);
    return true;
  }
  leader.leaving = !state.isVoter;
  return false;
}

/** Forgets a removed peer that knows, or that is not there to be told. */
export function dropRemoved(state: State, leader: Leader, silentToo: boolean): void {
  for (const progress of leader.peers.values()) {
    const { removedAt } = progress;
    if (removedAt === null || removedAt > state.commit) continue;
    const told = progress.match >= removedAt && progress.toldCommit >= removedAt;
    if (told || (silentToo && !progress.recentlyActive)) leader.peers.delete(progress.id);
  }
}
