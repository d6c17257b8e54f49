import type { Clock } from '../base/clock.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Answer, Calls } from '../peer/calls.ts';
import type { SnapshotMark, SnapshotRequest } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import type { Machine } from '../replica/machine.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { Snapshot } from '../storage/snapshot-file.ts';
import type { SnapshotStore } from '../storage/snapshots.ts';
import { CatchUp } from './catch-up.ts';
import { Intake } from './intake.ts';
import { decodePiece, encodeAnswer } from './snapshot-wire.ts';

/** How often a replica whose state differs asks the leader for a copy. */
const REPAIR_ASK_MS = 500;

const NO_BYTES = new Uint8Array(0);

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
  readonly #catchUp: CatchUp;
  readonly #intake: Intake;
  #taking: ((outcome: Provided) => void)[] = [];
  #repairing = false;
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
  }) {
    this.#replica = options.replica;
    this.#machine = options.machine;
    this.#store = options.store;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#group = options.group;
    this.#catchUp = this.#makeCatchUp(options.pieceBytes);
    this.#intake = this.#makeIntake();
    this.#calls.handle(TOPIC.snapshot, (_from, body, answer) => {
      const piece = decodePiece(body);
      if (piece === null) answer('invalid-request: The piece cannot be understood', NO_BYTES);
      else this.#intake.onPiece(piece, (said) => answer(null, encodeAnswer(said)));
    });
    this.#calls.handle(TOPIC.repair, (from, _body, answer) => {
      this.#onRepairAsked(from, answer);
    });
  }

  /** The core says that a follower needs a copy. */
  send(request: SnapshotRequest): void {
    this.#catchUp.start(request);
  }

  /** This replica's state differs from the leader's at `index`: replace it by the leader's. */
  repair(index: Index): void {
    this.#logger.error?.('The state of this node differs from the group: replacing it by a copy', {
      index,
    });
    this.#repairing = true;
    this.#askForRepair();
  }

  close(): void {
    this.#closed = true;
    this.#catchUp.close();
  }

  #askForRepair(): void {
    if (!this.#repairing || this.#closed) return;
    const { leader } = this.#replica.leadership;
    if (leader !== null && !this.#replica.isLeader) {
      const question = { group: this.#group, topic: TOPIC.repair, body: NO_BYTES, timeoutMs: 1000 };
      this.#calls.call(leader, question, () => {});
    }
    this.#clock.after(REPAIR_ASK_MS, () => {
      this.#askForRepair();
    });
  }

  #onRepairAsked(from: NodeId, answer: Answer): void {
    if (!this.#replica.isLeader) {
      answer('not-leader: This node does not lead', NO_BYTES);
      return;
    }
    const { first } = this.#replica.raft.status();
    this.#catchUp.start({ to: from, minimum: { index: first - 1, term: 0 } });
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
        commit: () => this.#replica.raft.status().commit,
        repairing: () => this.#repairing,
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
    const repairing = this.#repairing;
    this.#replica.install(mark, (accepted) => {
      if (!accepted && !repairing) {
        done('ignored');
        return;
      }
      this.#replica.replaceState(path, () => {
        this.#repairing = false;
        this.#store.prune(this.#group, 1);
        done('installed');
      });
    });
  }
}
