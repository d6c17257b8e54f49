import type { Config } from './config.ts';
import type { Effects, Leadership } from './effects.ts';
import { askLeader, driveReads, sendReadAnswers } from './reads.ts';
import { becomeFollower } from './roles.ts';
import { sendAppends, sendHeartbeats } from './sending.ts';
import type { Leader, State } from './state.ts';
import { leadershipOf } from './status.ts';
import { appointSuccessor, continueTransfer } from './transfer.ts';

/**
 * Everything the inputs since the last drain amount to; null when that is nothing. Inputs only
 * change what the node knows; what to send follows from that here, once per turn. So all proposals
 * of a turn are one write and one append per follower.
 */
export function takeEffects(state: State): Effects | null {
  if (state.role.kind === 'leader') drive(state, state.role);
  else askLeader(state);
  sendReadAnswers(state);
  const hardState = { term: state.term, vote: state.vote };
  const write = state.writes.take(state.log, hardState, state.commit);
  const outbox = state.outbox.take(state.writes.done);
  const apply = takeApply(state);
  const leadership = takeLeadership(state);
  const config = takeConfig(state);
  const recovering = takeRecovering(state);
  const quiet = write === null && outbox === null && apply === null;
  if (quiet && leadership === null && config === null && recovering === null) return null;
  const { sendNow, sendAfter, reads, failedReads, snapshots, protocolErrors } = outbox ?? NOTHING;
  return {
    sendNow,
    sendAfter,
    reads,
    failedReads,
    snapshots,
    protocolErrors,
    write,
    apply,
    leadership,
    config,
    recovering,
  };
}

const NOTHING = {
  sendNow: [],
  sendAfter: [],
  reads: [],
  failedReads: [],
  snapshots: [],
  protocolErrors: [],
} as const;

function drive(state: State, leader: Leader): void {
  driveReads(state, leader);
  sendAppends(state, leader);
  continueTransfer(state, leader);
  if (!leader.leaving) return;
  // Removed, and that is committed. Whoever is left hears so before we go: openraft's leader went
  // first, and nobody knew that the change was committed until the next election.
  sendHeartbeats(state, leader, 'all');
  appointSuccessor(state, leader);
  becomeFollower(state, state.term, null);
}

/** Committed and on our disk: the machine must not get ahead of the log that explains it. */
function takeApply(state: State): Effects['apply'] {
  const through = Math.min(state.commit, state.writes.durable);
  if (through <= state.applying) return null;
  const after = state.applying;
  state.applying = through;
  return { after, through };
}

function takeLeadership(state: State): Leadership | null {
  const next = leadershipOf(state);
  const { leadership: told } = state.told;
  if (next.term === told.term && next.role === told.role && next.leader === told.leader) {
    return null;
  }
  state.told.leadership = next;
  return next;
}

function takeConfig(state: State): Config | null {
  if (state.config === state.told.config) return null;
  state.told.config = state.config;
  return state.config;
}

function takeRecovering(state: State): boolean | null {
  if (state.recovering === state.told.recovering) return null;
  state.told.recovering = state.recovering;
  return state.recovering;
}
