/**
 * What a note or a call between nodes is about. One list, so that no two rooms use one number; a
 * number is never given to another meaning.
 */
export const TOPIC = {
  /** Note: the sender's rolling result digest at an index. */
  digest: 1,
  /** Call: a piece of a snapshot, answered with the offset wanted next. */
  snapshot: 2,
  /** Call: this replica's state differs from the leader's; is it the one that is wrong? */
  repair: 3,
  /** Note: this node's own digest at an index the leader told its digest of. */
  digestReply: 4,
  /** Call: send a copy of the state, of at least this index. */
  copy: 5,
  /** Call: add me to the cluster. */
  join: 10,
  /** Call: remove a member. */
  remove: 11,
  /** Call: hand leadership over. */
  transfer: 12,
  /** Call: nothing; measures the round trip. */
  ping: 13,
  /** Call: a command to propose. */
  propose: 20,
  /** Call: a read to be answered by the leader. */
  read: 21,
  /** Call: the content hash at an index. */
  checksum: 22,
} as const;
