import { below, between } from '../base/prng.ts';
import { drawTimeout } from './state.ts';
import type { State } from './state.ts';

/**
 * The first campaign after a lost connection waits up to `failoverDelayMs` D. It may fail: another
 * follower stood at the same time, or had not noticed yet. Then the next follows after [4 D, 8 D),
 * the next after twice that, and so on until the election timeout is the shorter wait: enough for
 * a round trip and two disk syncs each, and a few hundred milliseconds in all.
 */
const FAILOVER_RETRY_DELAYS = 4;

/** Starts the wait again, with a new random timeout. */
export function redrawTimer(state: State): void {
  const { timer } = state;
  timer.timeoutMs = drawRetry(state) ?? drawTimeout(state.settings, state.random);
  timer.dueMs = state.now + timer.timeoutMs;
}

/** Starts the wait again: a leader spoke, or a candidate got our vote. */
export function restartTimer(state: State): void {
  state.timer.dueMs = state.now + state.timer.timeoutMs;
}

/** A leader spoke: whatever was under way to replace it is off. */
export function calmTimer(state: State): void {
  const { timer } = state;
  timer.failoverArmed = false;
  if (timer.failoverCampaigns !== null) {
    timer.failoverCampaigns = null;
    timer.timeoutMs = drawTimeout(state.settings, state.random);
  }
  restartTimer(state);
}

/** The connection to the leader closed: stand soon. */
export function hurryTimer(state: State): void {
  const { timer, settings } = state;
  timer.failoverArmed = false;
  timer.failoverCampaigns = 0;
  timer.dueMs = Math.min(timer.dueMs, state.now + below(state.random, settings.failoverDelayMs));
}

/** Somebody else stands for the same lost leader: let it finish. */
export function yieldTimer(state: State): void {
  const { timer, settings } = state;
  if (timer.failoverCampaigns === null && !timer.failoverArmed) return;
  timer.failoverArmed = false;
  timer.failoverCampaigns ??= 0;
  const delay = Math.max(FAILOVER_RETRY_DELAYS * settings.failoverDelayMs, 1);
  timer.dueMs = Math.max(timer.dueMs, state.now + between(state.random, delay, 2 * delay));
}

/** The wait between campaigns after a lost connection; null when it is time for the usual one. */
function drawRetry(state: State): number | null {
  const { timer, settings } = state;
  if (timer.failoverCampaigns === null) return null;
  const doublings = Math.max(timer.failoverCampaigns - 1, 0);
  const retryMs = FAILOVER_RETRY_DELAYS * settings.failoverDelayMs * 2 ** doublings;
  if (retryMs > 0 && retryMs < settings.electionTimeoutMs) {
    return between(state.random, retryMs, 2 * retryMs);
  }
  timer.failoverCampaigns = null;
  return null;
}
