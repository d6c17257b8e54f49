import { messageOf, type QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { SnapshotMark } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import { checksum } from '../storage/crc.ts';
import type { PartialSnapshot } from '../storage/partial-snapshot.ts';
import type { Snapshot, SnapshotOffer } from '../storage/snapshot-file.ts';
import type { SnapshotStore } from '../storage/snapshots.ts';
import type { SnapshotAnswer, SnapshotPiece } from './snapshot-wire.ts';

/** What receiving needs of the replica. */
export interface IntakePort {
  /** Index up to which this node's log is known committed. */
  commit(): Index;
  /** This replica waits for a copy to repair itself, whatever its log holds. */
  repairing(): boolean;
  /** Index of this node's state. */
  applied(): Index;
  /** Takes the state over; `done` once the machine has it. */
  install(mark: SnapshotMark, path: string, done: (outcome: 'installed' | 'ignored') => void): void;
  /** Takes the state over that the log begins after already. */
  replace(path: string, done: () => void): void;
}

/** Receives copies of the state, piece by piece, going on after a lost connection. */
export class Intake {
  readonly #group: GroupId;
  readonly #store: SnapshotStore;
  readonly #port: IntakePort;
  readonly #logger: Logger;
  #finishing = false;

  constructor(options: {
    readonly group: GroupId;
    readonly store: SnapshotStore;
    readonly port: IntakePort;
    readonly logger: Logger;
  }) {
    this.#group = options.group;
    this.#store = options.store;
    this.#port = options.port;
    this.#logger = options.logger;
  }

  /** Takes a piece; `answer` is called exactly once. */
  onPiece(piece: SnapshotPiece, answer: (answer: SnapshotAnswer) => void): void {
    if (piece.mark.index <= this.#port.commit() && !this.#port.repairing()) {
      // The log holds all of it: nothing to install, the leader goes on with entries.
      answer({ kind: 'installed' });
      return;
    }
    if (piece.mark.index < this.#port.applied()) {
      // Taking it would take back what was read here.
      answer({ kind: 'refused', reason: 'it is older than the state it would replace' });
      return;
    }
    if (this.#finishing) {
      answer({ kind: 'refused', reason: 'a snapshot is being installed already' });
      return;
    }
    try {
      this.#take(piece, answer);
    } catch (cause) {
      answer({ kind: 'refused', reason: messageOf(cause) });
    }
  }

  /**
   * Goes on with an installation that a crash interrupted. The copy is read back as before any
   * other; one that is damaged is removed, and `fail` called: a start without it asks for another.
   */
  finish(snapshot: Snapshot, fail: (error: QuorliteError) => void): void {
    this.#finishing = true;
    this.#store.verify(snapshot, (error) => {
      if (error !== null) {
        fail(error);
        return;
      }
      this.#port.replace(snapshot.path, () => {
        this.#finishing = false;
        const { index } = snapshot.position;
        this.#logger.info?.('Finished taking over a snapshot', { index });
      });
    });
  }

  #take(piece: SnapshotPiece, answer: (answer: SnapshotAnswer) => void): void {
    const received = this.#store.receive(this.#offer(piece));
    if (received.have !== null) {
      this.#verify(received.have, piece.mark, answer);
      return;
    }
    const { partial } = received;
    if (piece.bytes.length > 0) {
      const { offset, bytes } = piece;
      // The frame's own checksum covered the bytes on the way here.
      partial.append({ offset, bytes, crc: checksum(bytes) });
    }
    if (partial.isFull) this.#accept(partial, piece.mark, answer);
    else answer({ kind: 'continue', offset: partial.offset });
  }

  #offer({ mark, hash, size }: SnapshotPiece): SnapshotOffer {
    const { index, term, config } = mark;
    return { id: hash, group: this.#group, position: { index, term }, config, size };
  }

  /** A copy that is here since before is read back before it is used. */
  #verify(snapshot: Snapshot, mark: SnapshotMark, answer: (answer: SnapshotAnswer) => void): void {
    this.#finishing = true;
    this.#store.verify(snapshot, (error) => {
      if (error === null) this.#install(snapshot.path, mark, answer);
      else this.#refuse(error.message, answer);
    });
  }

  #accept(
    partial: PartialSnapshot,
    mark: SnapshotMark,
    answer: (answer: SnapshotAnswer) => void,
  ): void {
    this.#finishing = true;
    this.#store.accept(partial, (error, snapshot) => {
      if (snapshot !== null) this.#install(snapshot.path, mark, answer);
      else this.#refuse(error?.message ?? 'the snapshot could not be stored', answer);
    });
  }

  #refuse(reason: string, answer: (answer: SnapshotAnswer) => void): void {
    this.#finishing = false;
    answer({ kind: 'refused', reason });
  }

  #install(path: string, mark: SnapshotMark, answer: (answer: SnapshotAnswer) => void): void {
    this.#port.install(mark, path, (outcome) => {
      this.#finishing = false;
      this.#store.discardPartials(this.#group, mark.index + 1);
      this.#logger.info?.('Received a snapshot', { index: mark.index, outcome });
      answer({ kind: 'installed' });
    });
  }
}
