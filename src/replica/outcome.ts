import type { NodeId } from '../base/ids.ts';
import type { Index } from '../raft/entry.ts';

/** What became of something that was proposed. */
export type ProposalOutcome =
  /** Committed and applied here; `result` is encoded as asked, null when nothing was asked. */
  | { readonly kind: 'applied'; readonly index: Index; readonly result: Uint8Array | null }
  /** Nothing was done. `leader` is who to ask instead, when known. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly leader: NodeId | null }
  /** Another leader's entry took its place: nothing was done, nothing will be. */
  | { readonly kind: 'superseded' }
  /** It may be applied later, or never. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Why nothing was done. */
export type RefusalReason =
  | 'not-leader'
  | 'transferring'
  | 'overloaded'
  | 'removed'
  | 'stopping'
  | 'disk-full'
  | 'pending'
  | 'not-ready'
  | 'invalid';

/** What became of a wait for a read index. */
export type ReadOutcome =
  /** Everything committed before the read began is applied here. */
  | { readonly kind: 'ready'; readonly index: Index }
  /** No leader confirmed it in time. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'stopping' };
