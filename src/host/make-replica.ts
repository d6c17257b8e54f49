import { assert } from '../base/assert.ts';
import type { GroupId } from '../base/ids.ts';
import { EMPTY_CONFIG } from '../raft/config-codec.ts';
import type { Config } from '../raft/config.ts';
import type { Leadership, SnapshotMark, SnapshotRequest } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import { Raft, type Restored } from '../raft/raft.ts';
import { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { Snapshot } from '../storage/snapshot-file.ts';
import type { Host } from './host.ts';
import type { NodeHostOptions, NodePorts, RestoredGroup } from './node-host.ts';

const EMPTY_MARK: SnapshotMark = { index: 0, term: 0, config: EMPTY_CONFIG };

/** What a replica tells its node. */
export interface ReplicaEvents {
  fatal(error: Error): void;
  onConfig(config: Config): void;
  onRecovering(recovering: boolean): void;
  onLeadership(leadership: Leadership): void;
  onSnapshotNeeded(request: SnapshotRequest): void;
  onDiverged(index: Index): void;
  onQuarantine(index: Index | null): void;
}

/** A replica, and the rest of an installation that a crash interrupted. */
export interface MadeReplica {
  readonly replica: Replica;
  /** The copy that the log begins after, and that the machine has not taken over yet, or null. */
  readonly unfinished: Snapshot | null;
}

/** Puts a group's core, log and machine together from what the disk gave back. */
export function makeReplica(parts: {
  readonly group: GroupId;
  readonly options: NodeHostOptions;
  readonly ports: NodePorts;
  readonly restored: RestoredGroup | null;
  readonly host: Host;
  readonly events: ReplicaEvents;
}): MadeReplica {
  const { group, options, ports, host, events } = parts;
  const { clock, random, logger, machine, transport, journal, snapshots } = ports;
  const start = reconcile(parts.restored, machine.applied, snapshots.list(group));
  if (start.lost !== null) logger.warn?.('Waiting for a copy of the state', { reason: start.lost });
  if (start.restored.recovering && (parts.restored?.recovering ?? null) === null) {
    // Found here, not by the journal: it has to be known at the next start too.
    journal.damaged(group, start.lost ?? 'the state outlived the log', () => {});
    journal.flush();
  }
  const raft = new Raft(
    {
      id: options.id,
      group,
      electionTimeoutMs: options.electionTimeoutMs,
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      leases: options.leases,
    },
    start.restored,
    random,
    clock.now(),
  );
  const replica = new Replica({
    group,
    id: options.id,
    raft,
    machine,
    diverged: ports.quarantine.index !== null,
    clock,
    logger,
    electionTimeoutMs: options.electionTimeoutMs,
    applyDelayMs: options.applyDelayMs,
    compactBytes: options.compactBytes,
    trailingBytes: options.trailingBytes,
    port: {
      send: (message) => {
        transport.send(message.to, { kind: 'raft', group, message });
      },
      sendDigest: (to, body) => {
        transport.send(to, { kind: 'note', group, topic: TOPIC.digest, body });
      },
      sendDigestReply: (to, body) => {
        transport.send(to, { kind: 'note', group, topic: TOPIC.digestReply, body });
      },
      append: (id, write, done) => {
        journal.append(id, write, done);
      },
      schedule: () => {
        host.schedule(group);
      },
      onProtocolError: (from, reason) => {
        logger.error?.('Another node broke the protocol', { node: from, reason });
        transport.disconnect(from, reason);
      },
      ...events,
    },
  });
  return { replica, unfinished: start.unfinished };
}

interface Start {
  readonly restored: Restored;
  /** A snapshot the log begins after, and the machine does not have. */
  readonly unfinished: Snapshot | null;
  /** Why the state has to come from another node; null when it has not. */
  readonly lost: string | null;
}

/**
 * Holds the log against the machine. The machine may be behind (its tail was not synced): entries
 * are applied again. It may be behind the beginning of the log: then a copy finishes the job, or
 * must come from another node. It can be ahead only when the log lost entries.
 */
function reconcile(
  group: RestoredGroup | null,
  applied: Index,
  snapshots: readonly Snapshot[],
): Start {
  const mark = group?.mark ?? EMPTY_MARK;
  const hardState = group?.hardState ?? { term: 0, vote: null };
  const entries = group?.entries ?? [];
  const last = mark.index + entries.length;
  const commit = Math.max(group?.commit ?? 0, mark.index);
  assert(commit <= last, () => `Restored commit ${commit} beyond the last entry ${last}`);
  const recovering = (group?.recovering ?? null) !== null;
  const base = { hardState, mark, entries, commit };
  if (applied > last) {
    // The state outlived the log: what the log acknowledged is not all there.
    return whole({ ...base, applied: last, recovering: true }, null);
  }
  if (applied >= mark.index) return whole({ ...base, applied, recovering }, null);
  const copy = snapshots.find((snapshot) => snapshot.position.index === mark.index);
  if (copy !== undefined) {
    return whole({ ...base, applied: mark.index, recovering }, copy);
  }
  return {
    restored: {
      hardState,
      mark: EMPTY_MARK,
      entries: [],
      commit: 0,
      applied: 0,
      recovering: true,
    },
    unfinished: null,
    lost: `the log begins after entry ${mark.index}, the database ends at ${applied}`,
  };
}

function whole(restored: Restored, unfinished: Start['unfinished']): Start {
  return { restored, unfinished, lost: null };
}
