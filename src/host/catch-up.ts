import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { SnapshotRequest } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import type { Snapshot } from '../storage/snapshot-file.ts';
import type { SnapshotReader } from '../storage/snapshots.ts';
import { decodeAnswer, encodePiece, type SnapshotAnswer } from './snapshot-wire.ts';

/** How long the answer to one piece may take: the follower writes and sometimes syncs. */
const PIECE_TIMEOUT_MS = 20_000;

/** How soon a lost piece is asked about. */
const RETRY_MS = 200;

/** Pieces lost in a row before the transfer is given up and asked for anew. */
const LOST_MAX = 3;

/** What trust in a copy depends on, besides its leader. */
export interface TransferView {
  readonly snapshot: Snapshot;
  /** When it began; the wait for trust is one, not one for each piece. */
  readonly since: number;
  /** Bytes of it have left: this node was trusted then. */
  readonly setOut: boolean;
}

/** What a transfer needs. */
export interface CatchUpPort {
  /** A copy of the state of at least `minimum`, an older one if that is enough. */
  provide(
    minimum: Index,
    done: (outcome: { readonly snapshot: Snapshot } | { readonly error: string }) => void,
  ): void;
  /** Calls `done` once bytes of a copy may leave this node, or with why they must not. */
  trusted(transfer: TransferView, done: (refused: string | null) => void): void;
  /** How often the state was replaced. */
  life(): number;
  /** Opens a snapshot; it stays readable until closed, whatever is pruned. */
  open(snapshot: Snapshot): SnapshotReader;
  ask(
    to: NodeId,
    body: Uint8Array,
    timeoutMs: number,
    done: (answer: { readonly body: Uint8Array } | { readonly error: string }) => void,
  ): void;
  /** Keeps the log from the snapshot on, while it is being sent. */
  pin(to: NodeId, index: Index): void;
  unpin(to: NodeId): void;
  /** The transfer ended; when not `ok` the core will ask again. */
  finished(to: NodeId, ok: boolean): void;
}

/** One transfer under way. */
interface Transfer extends TransferView {
  readonly to: NodeId;
  readonly snapshot: Snapshot;
  readonly reader: SnapshotReader;
  /** How often the state had been replaced when it began. */
  readonly life: number;
  setOut: boolean;
}

/** What is sent next, and how often in a row it was lost. */
interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly lost: number;
}

/** Sends copies of the state to followers that need entries the log no longer has. */
export class CatchUp {
  readonly #port: CatchUpPort;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pieceBytes: number;
  readonly #sending = new Set<NodeId>();
  #closed = false;

  constructor(options: {
    readonly port: CatchUpPort;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly pieceBytes: number;
  }) {
    this.#port = options.port;
    this.#pieceBytes = options.pieceBytes;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Starts a transfer, unless one to this follower is under way. */
  start(request: SnapshotRequest): void {
    const { to, minimum } = request;
    if (this.#closed || this.#sending.has(to)) return;
    this.#sending.add(to);
    this.#port.provide(minimum.index, (outcome) => {
      if ('error' in outcome) this.#end(to, null, outcome.error);
      else this.#open(to, outcome.snapshot);
    });
  }

  close(): void {
    this.#closed = true;
  }

  #open(to: NodeId, snapshot: Snapshot): void {
    let reader: SnapshotReader;
    try {
      reader = this.#port.open(snapshot);
    } catch (cause) {
      this.#end(to, null, messageOf(cause));
      return;
    }
    const { index } = snapshot.position;
    this.#port.pin(to, index);
    this.#logger.info?.('Sending a snapshot', { node: to, index, bytes: snapshot.size });
    // An empty piece first: the follower may hold part of this snapshot, or all of it.
    const since = this.#clock.now();
    const transfer = { to, snapshot, reader, since, life: this.#port.life(), setOut: false };
    this.#send(transfer, { offset: 0, length: 0, lost: 0 });
  }

  #send(transfer: Transfer, at: Piece): void {
    const { to, snapshot, reader } = transfer;
    if (this.#closed) {
      reader.close();
      return;
    }
    let bytes: Uint8Array;
    try {
      bytes = reader.read(at.offset, at.length);
    } catch (cause) {
      this.#end(to, reader, messageOf(cause));
      return;
    }
    const { id, position, config, size } = snapshot;
    const mark = { ...position, config };
    const body = encodePiece({ mark, hash: id, size, offset: at.offset, bytes });
    this.#port.ask(to, body, PIECE_TIMEOUT_MS, (answer) => {
      if ('error' in answer) this.#onLost(transfer, at.lost, answer.error);
      else this.#onAnswer(transfer, decodeAnswer(answer.body));
    });
  }

  /**
   * Sends bytes, which need trust. The empty question before them does not: a follower whose log
   * covers the copy says so, and goes on with entries whatever is thought of the state.
   */
  #go(transfer: Transfer, at: Piece): void {
    this.#port.trusted(transfer, (refused) => {
      // Trust in a state that took its place says nothing of this one.
      const isGone = transfer.life !== this.#port.life();
      const failure = isGone ? 'the state it was made of was replaced' : refused;
      if (failure !== null) {
        this.#end(transfer.to, transfer.reader, failure);
        return;
      }
      transfer.setOut = true;
      this.#send(transfer, at);
    });
  }

  #onLost(transfer: Transfer, lost: number, error: string): void {
    if (lost + 1 >= LOST_MAX) {
      this.#end(transfer.to, transfer.reader, error);
      return;
    }
    // Ask where to go on: the piece may have arrived although its answer did not.
    this.#clock.after(RETRY_MS, () => {
      this.#send(transfer, { offset: 0, length: 0, lost: lost + 1 });
    });
  }

  #onAnswer(transfer: Transfer, answer: SnapshotAnswer): void {
    const { to, snapshot, reader } = transfer;
    switch (answer.kind) {
      case 'continue': {
        const length = Math.min(this.#pieceBytes, snapshot.size - answer.offset);
        if (length <= 0) this.#end(to, reader, `offset ${answer.offset} is beyond the end`);
        else this.#go(transfer, { offset: answer.offset, length, lost: 0 });
        return;
      }
      case 'installed':
        this.#end(to, reader, null);
        return;
      case 'refused':
        this.#end(to, reader, answer.reason);
    }
  }

  #end(to: NodeId, reader: SnapshotReader | null, failure: string | null): void {
    reader?.close();
    this.#sending.delete(to);
    this.#port.unpin(to);
    if (failure !== null) {
      this.#logger.warn?.('Cannot send a snapshot', { node: to, reason: failure });
    }
    this.#port.finished(to, failure === null);
  }
}
