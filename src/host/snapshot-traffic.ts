import { ByteReader, ByteWriter, NO_BYTES } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Answer, Calls } from '../peer/calls.ts';
import type { SnapshotMark, SnapshotRequest } from '../raft/effects.ts';
import type { Index, Term } from '../raft/entry.ts';
import type { Machine } from '../replica/machine.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { Snapshot } from '../storage/snapshot-file.ts';
import type { SnapshotStore } from '../storage/snapshots.ts';
import { CatchUp, type TransferView } from './catch-up.ts';
import { Intake } from './intake.ts';
import { decodePiece, encodeAnswer } from './snapshot-wire.ts';

/** How often a replica whose state differs asks the leader. */
const REPAIR_ASK_MS = 500;

/** How long a leader waits to be confirmed before it gives copies to others. */
const TRUST_MS = 2000;

/** How often it is looked whether it is. */
const TRUST_LOOK_MS = 50;

/** Only the operator knows more than the voters who can speak. */
const CONTRADICTED =
  'a voter contradicts it, and no majority agrees with it: compare the nodes with ' +
  '`quorlite verify` and remove the one that is wrong';

/** A snapshot, or why there is none. */
type Provided = { readonly snapshot: Snapshot } | { readonly error: string };

/** Copies of the state on their way to and from this node. */
export class SnapshotTraffic {
  readonly #replica: Replica;
  readonly #machine: Machine;
  readonly #store: SnapshotStore;
  readonly #calls: Calls;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #group: GroupId;
  readonly #onUnusable: (error: QuorliteError) => void;
  readonly #catchUp: CatchUp;
  readonly #intake: Intake;
  #taking: ((outcome: Provided) => void)[] = [];
  /** The difference that the leader of `term` is being asked about; null when none is. */
  #asking: Asking | null = null;
  /** When trust was first waited for in a term: what voters did not say before is no silence. */
  #waiting = { term: -1, since: 0 };
  #closed = false;

  constructor(options: {
    readonly replica: Replica;
    readonly machine: Machine;
    readonly store: SnapshotStore;
    readonly calls: Calls;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly group: GroupId;
    readonly pieceBytes: number;
    /**
     * The node must stop: a majority holds another state and it leads, or its copy is damaged.
     */
    readonly onUnusable: (error: QuorliteError) => void;
  }) {
    this.#replica = options.replica;
    this.#machine = options.machine;
    this.#store = options.store;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#group = options.group;
    this.#onUnusable = options.onUnusable;
    this.#catchUp = this.#makeCatchUp(options.pieceBytes);
    this.#intake = this.#makeIntake();
    this.#calls.handle(TOPIC.snapshot, (_from, body, answer) => {
      const piece = decodePiece(body);
      if (piece === null) answer('invalid-request: The piece cannot be understood', NO_BYTES);
      else this.#intake.onPiece(piece, (said) => answer(null, encodeAnswer(said)));
    });
    this.#calls.handle(TOPIC.repair, (from, body, answer) => {
      this.#onDifference(from, body, answer);
    });
    this.#calls.handle(TOPIC.copy, (from, body, answer) => {
      this.#onCopyAsked(from, body, answer);
    });
  }

  /** The core says that a follower needs a copy. */
  send(request: SnapshotRequest): void {
    this.#catchUp.start(request);
  }

  /**
   * Goes on where an earlier life ended: with a copy that the log begins after and the state has
   * not taken over, or with a state that is known to be wrong and waits for one.
   */
  start(unfinished: Snapshot | null): void {
    if (unfinished === null) this.#askForCopy();
    else this.#finish(unfinished);
  }

  /**
   * This replica's state differs from the leader's at `index`. One of two is wrong, and a single
   * node must not decide which: the leader is asked what a majority holds.
   */
  differs(index: Index): void {
    this.#logger.error?.('The state of this node differs from the leader', { index });
    const { term } = this.#replica.leadership;
    if (this.#asking?.term === term) return;
    this.#asking = { index, term };
    this.#askForVerdict(this.#asking);
  }

  close(): void {
    this.#closed = true;
    this.#catchUp.close();
  }

  /** As for every copy, its hash comes first; without it the next start asks for another one. */
  #finish(snapshot: Snapshot): void {
    this.#intake.finishing(true);
    this.#replica.hold(() => {
      this.#store.verify(snapshot, (error) => {
        if (this.#closed) return;
        if (error !== null) {
          this.#onUnusable(error);
          return;
        }
        this.#replace(snapshot.path, (index) => {
          this.#intake.finishing(false);
          this.#logger.info?.('Finished taking over a snapshot', { index });
        });
      });
    });
  }

  #askForVerdict(asking: Asking): void {
    // A state that was replaced since is not the one that differed.
    if (this.#asking !== asking) return;
    // Whoever leads meanwhile is told by others, or a later leader tells its digest again. A
    // question about one leader is never put to the next: others may have agreed with that one up
    // to there, before it went wrong.
    const { term } = this.#replica.leadership;
    const isOver = this.#closed || this.#replica.isLeader || this.#replica.diverged;
    if (isOver || term !== asking.term) {
      this.#asking = null;
      return;
    }
    const { index } = asking;
    this.#ask(TOPIC.repair, index, (agreed) => {
      if (!agreed || this.#closed || this.#asking !== asking) return;
      this.#asking = null;
      this.#replica.quarantine(index, () => {
        this.#askForCopy();
      });
    });
    this.#clock.after(REPAIR_ASK_MS, () => {
      this.#askForVerdict(asking);
    });
  }

  /** A copy of at least what is applied, so that nobody reads an older state than before. */
  #askForCopy(): void {
    if (this.#closed || !this.#replica.diverged) return;
    this.#ask(TOPIC.copy, this.#replica.applied, () => {});
    this.#clock.after(REPAIR_ASK_MS, () => {
      this.#askForCopy();
    });
  }

  #ask(topic: number, index: Index, done: (agreed: boolean) => void): void {
    const { leader } = this.#replica.leadership;
    if (leader === null || this.#replica.isLeader) return;
    const body = new ByteWriter(8).u53(index).copy();
    const question = { group: this.#group, topic, body, timeoutMs: REPAIR_ASK_MS };
    this.#calls.call(leader, question, (result) => {
      done(result.ok);
    });
  }

  #onDifference(from: NodeId, body: Uint8Array, answer: Answer): void {
    const index = readIndex(body);
    if (index === null || !this.#replica.isLeader) {
      answer('not-leader: This node does not lead', NO_BYTES);
      return;
    }
    const verdict = this.#replica.judgeDifference(index, from);
    if (verdict === 'follower') answer(null, NO_BYTES);
    else answer(`diverged: No majority contradicts the follower: ${verdict}`, NO_BYTES);
    if (verdict !== 'leader') return;
    this.#replica.quarantine(index, () => {});
    this.#onUnusable(wrongLeader(index));
  }

  #onCopyAsked(from: NodeId, body: Uint8Array, answer: Answer): void {
    const index = readIndex(body);
    if (index === null || !this.#replica.isLeader || this.#replica.applied < index) {
      answer('not-leader: This node has no such copy', NO_BYTES);
      return;
    }
    this.#catchUp.start({ to: from, minimum: { index, term: 0 } });
    answer(null, NO_BYTES);
  }

  #makeCatchUp(pieceBytes: number): CatchUp {
    return new CatchUp({
      pieceBytes,
      clock: this.#clock,
      logger: this.#logger,
      port: {
        provide: (minimum, done) => {
          this.#provide(minimum, done);
        },
        trusted: (transfer, done) => {
          this.#trusted(transfer, done);
        },
        life: () => this.#store.lifeOf(this.#group),
        open: (snapshot) => this.#store.read(snapshot),
        ask: (to, body, timeoutMs, done) => {
          const question = { group: this.#group, topic: TOPIC.snapshot, body, timeoutMs };
          this.#calls.call(to, question, (result) => {
            done(result.ok ? { body: result.body } : { error: result.message });
          });
        },
        pin: (to, index) => {
          this.#replica.pin(to, index);
        },
        unpin: (to) => {
          this.#replica.unpin(to);
        },
        finished: (to, ok) => {
          this.#replica.snapshotStatus(to, ok);
        },
      },
    });
  }

  /**
   * Waits until the voters trust the state of this leader: whoever takes a copy of it speaks for it
   * ever after, and two wrong ones of three are a majority. Where too few can speak, because they
   * wait for a copy themselves, silence for a while is enough; a contradiction never is.
   */
  #trusted(transfer: TransferView, done: (refused: string | null) => void): void {
    const { diverged, isLeader } = this.#replica;
    if (diverged) {
      done('a majority holds another state than this node');
      return;
    }
    if (!this.#closed && !isLeader) {
      // Voters are asked about a leader only. One that was trusted when its copy set out goes on.
      done(transfer.setOut ? null : 'it leads no more, and nobody was asked about its state');
      return;
    }
    const standing = this.#replica.standing(transfer.snapshot.position.index);
    if (this.#closed || standing === 'confirmed') {
      done(null);
      return;
    }
    const { term } = this.#replica.leadership;
    if (this.#waiting.term !== term) this.#waiting = { term, since: this.#clock.now() };
    if (this.#clock.now() >= Math.max(transfer.since, this.#waiting.since) + TRUST_MS) {
      done(standing === 'doubted' ? CONTRADICTED : null);
      return;
    }
    this.#clock.after(TRUST_LOOK_MS, () => {
      this.#trusted(transfer, done);
    });
  }

  /** A snapshot the log still leads on from: one that is there, or a new one. */
  #provide(minimum: Index, done: (outcome: Provided) => void): void {
    const { first } = this.#replica.raft.status();
    const least = Math.max(minimum, first - 1);
    const newest = this.#store.newest(this.#group);
    const stored = newest !== null && newest.position.index >= least ? newest : undefined;
    if (stored !== undefined) {
      this.#clock.defer(() => {
        done({ snapshot: stored });
      });
      return;
    }
    this.#taking.push(done);
    if (this.#taking.length === 1) this.#take();
  }

  #take(): void {
    const local = this.#store.begin(this.#group);
    // The log must not be cut past the copy before its index is known.
    this.#replica.pin('snapshot', this.#replica.applied);
    this.#machine.snapshot(local.path, (outcome) => {
      const mark = outcome.ok ? this.#replica.markAt(outcome.index) : null;
      if (mark === null) {
        this.#store.abandon(local);
        const reason = outcome.ok ? 'the log no longer knows its last entry' : outcome.reason;
        this.#taken({ error: reason });
        return;
      }
      const { index, term, config } = mark;
      this.#store.finish(local, { position: { index, term }, config }, (error, snapshot) => {
        if (snapshot !== null) this.#taken({ snapshot });
        else this.#taken({ error: error?.message ?? 'it could not be stored' });
      });
    });
  }

  #taken(outcome: Provided): void {
    const waiting = this.#taking;
    this.#taking = [];
    for (const done of waiting) done(outcome);
    this.#replica.unpin('snapshot');
    if ('snapshot' in outcome) this.#store.prune(this.#group, 2);
  }

  #makeIntake(): Intake {
    return new Intake({
      group: this.#group,
      store: this.#store,
      logger: this.#logger,
      port: {
        commit: () => this.#replica.raft.commit,
        repairing: () => this.#replica.diverged,
        applied: () => this.#replica.applied,
        tooOld: () => {
          // The log lost entries that are in the state. The leader, who knows of the log alone,
          // would offer the same copy for ever.
          this.#ask(TOPIC.copy, this.#replica.applied, () => {});
        },
        install: (mark, path, done) => {
          this.#install(mark, path, done);
        },
      },
    });
  }

  #install(
    mark: SnapshotMark,
    path: string,
    done: (outcome: 'installed' | 'ignored') => void,
  ): void {
    const repairing = this.#replica.diverged;
    this.#replica.install(mark, (accepted) => {
      if (!accepted && !repairing) {
        done('ignored');
        return;
      }
      this.#replace(path, () => {
        this.#asking = null;
        done('installed');
      });
    });
  }

  /**
   * Replaces the state by the copy at `path`. What this node made of the old one, which may have
   * been wrong, goes first, even at the same index: afterwards nothing remembers that it was.
   */
  #replace(path: string, done: (applied: Index) => void): void {
    try {
      this.#store.keepOnly(this.#group, path);
    } catch (cause) {
      this.#onUnusable(QuorliteError.from(cause, 'disk'));
      return;
    }
    this.#replica.replaceState(path, done);
  }
}

/** A question for a verdict. */
interface Asking {
  readonly index: Index;
  readonly term: Term;
}

function readIndex(body: Uint8Array): Index | null {
  const reader = new ByteReader(body);
  const index = reader.u53();
  return reader.failed ? null : index;
}

function wrongLeader(index: Index): QuorliteError {
  return new QuorliteError(
    'diverged',
    `Cannot go on: a majority holds another state than this node since entry ${index}. ` +
      `Start it again: as a follower it is given a copy of theirs`,
  );
}
