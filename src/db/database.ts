import type { NodeId } from '../base/ids.ts';
import type {
  DatabaseStatus,
  NodeChecksum,
  NodeView,
  Readiness,
  ReadRequest,
  Reply,
  WriteRequest,
} from './request.ts';

/**
 * A replicated database as every door sees it: `serve`, the embedded library and the tests.
 *
 * Every promise ends within the time its request gave. Rejections are `QuorliteError`: see
 * `ErrorCode` for which of them mean that nothing happened, and `unknown-outcome` for the one that
 * does not know. Errors of single statements are not rejections: they stand among the results.
 */
export interface Database {
  /** Runs statements as one entry of the log, on the leader, from whatever node is asked. */
  execute(request: WriteRequest): Promise<Reply>;
  /** Runs statements that only read. */
  query(request: ReadRequest): Promise<Reply>;
  /** The leader as known here; null when none is. */
  leader(): NodeView | null;
  /** Every member, asked for its reachability; with 0 as it is known here, asking nobody. */
  nodes(timeoutMs: number): Promise<readonly NodeView[]>;
  readiness(): Readiness;
  /** Resolves when everything committed at the time of the call is applied here. */
  caughtUp(timeoutMs: number): Promise<void>;
  status(): DatabaseStatus;
  /** Hands leadership to `to`, or to the best follower when null; resolves when it happened. */
  transferLeadership(to: NodeId | null, timeoutMs: number): Promise<void>;
  /** Removes a member through the leader; resolves when the change is committed. */
  remove(id: NodeId, timeoutMs: number): Promise<void>;
  /** Compares content on all nodes at one index; resolves with what each said. */
  verify(
    timeoutMs: number,
  ): Promise<{ readonly index: number; readonly nodes: readonly NodeChecksum[] }>;
  /** Makes the state durable and lets the log forget what it covers; false when nothing to do. */
  compact(): Promise<boolean>;
}
