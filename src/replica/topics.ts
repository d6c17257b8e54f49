/**
 * What a note or a call between nodes is about. One list, so that no two rooms use one number; a
 * number is never given to another meaning.
 */
export const TOPIC = {
  /** Note: the sender's rolling result digest at an index. */
  digest: 1,
  /** Call: a piece of a snapshot, answered with the offset wanted next. */
  snapshot: 2,
  /** Call: this replica's state differs from the group's, send it a snapshot. */
  repair: 3,
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
