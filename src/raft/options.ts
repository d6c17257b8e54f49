import { assert } from '../base/assert.ts';
import type { GroupId, NodeId } from '../base/ids.ts';

/** What a core is told when it is made. Times are milliseconds of the `now` passed in. */
export interface RaftOptions {
  readonly id: NodeId;
  readonly group: GroupId;
  /**
   * A follower that hears nothing for a time drawn from [this, twice this) stands for election.
   * More than ten heartbeats and longer than the longest stall of the event loop. 1000. Equal on
   * all nodes of a group.
   */
  readonly electionTimeoutMs?: number;
  /** A leader speaks to everyone at least this often. 100. */
  readonly heartbeatIntervalMs?: number;
  /** Entries in one append, unless a single entry is larger. 1 MiB. */
  readonly appendBytesMax?: number;
  /**
   * Appends a follower has not answered yet. 2: longer pipelines only prevent batching on a LAN
   * (hashicorp/raft #541); 8 for round trips above 5 ms.
   */
  readonly windowMessages?: number;
  /** Bytes a follower has not answered yet. 4 MiB. */
  readonly windowBytes?: number;
  /** Proposals are refused while more than this waits for a quorum. 64 MiB. */
  readonly uncommittedBytesMax?: number;
  /**
   * How long a commit may wait for an append to ride on before followers are told by a message of
   * its own. 5: at one client it saves every follower a wake-up per write. 0 tells at once.
   */
  readonly commitNoticeDelayMs?: number;
  /** Reads may be answered without a round trip while a quorum's promise lasts. Off. */
  readonly leases?: boolean;
  /**
   * A closed connection to the leader's process starts a pre-vote without waiting for the election
   * timeout. On; impossible together with `leases`, whose promise it would break.
   */
  readonly fastFailover?: boolean;
  /**
   * The random part of that start, so that the followers of a killed leader do not all stand at
   * once. 15: several round trips and disk syncs wide, and still far below a person's notice.
   */
  readonly failoverDelayMs?: number;
}

/** Complete options: nothing inside the core is optional. */
export type Settings = Required<RaftOptions>;

const MEBIBYTE = 1024 * 1024;

/** Completes and checks options. */
export function completeOptions(options: RaftOptions): Settings {
  const leases = options.leases ?? false;
  const settings: Settings = {
    id: options.id,
    group: options.group,
    electionTimeoutMs: options.electionTimeoutMs ?? 1000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 100,
    appendBytesMax: options.appendBytesMax ?? MEBIBYTE,
    windowMessages: options.windowMessages ?? 2,
    windowBytes: options.windowBytes ?? 4 * MEBIBYTE,
    uncommittedBytesMax: options.uncommittedBytesMax ?? 64 * MEBIBYTE,
    commitNoticeDelayMs: options.commitNoticeDelayMs ?? 5,
    leases,
    fastFailover: (options.fastFailover ?? true) && !leases,
    failoverDelayMs: options.failoverDelayMs ?? 15,
  };
  assert(settings.id.length > 0, () => 'A node needs an id');
  assert(
    settings.heartbeatIntervalMs > 0 && settings.electionTimeoutMs > settings.heartbeatIntervalMs,
    () =>
      `Heartbeats every ${settings.heartbeatIntervalMs} ms do not fit an election timeout of ` +
      `${settings.electionTimeoutMs} ms`,
  );
  assert(settings.windowMessages >= 1, () => `A window of ${settings.windowMessages} messages`);
  assert(
    settings.appendBytesMax > 0 && settings.windowBytes > 0 && settings.uncommittedBytesMax > 0,
    () => 'A limit of zero bytes lets nothing through',
  );
  assert(
    settings.commitNoticeDelayMs >= 0 && settings.failoverDelayMs >= 0,
    () => 'A delay is not negative',
  );
  return settings;
}
