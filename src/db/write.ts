import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { ProposalOutcome, RefusalReason } from '../replica/outcome.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import {
  decodeError,
  decodeForwardedReply,
  decodeForwardedWrite,
  encodeError,
  encodeForwardedReply,
  encodeForwardedWrite,
  type ForwardedReply,
} from './forward.ts';
import type { Ask, Questions } from './questions.ts';
import type { Settle } from './settle.ts';

/** How soon a write that could not begin is tried again, while a leader is being elected. */
const RETRY_MS = 20;

const NO_BYTES = new Uint8Array(0);

/** A command on its way to the leader. */
export interface OutgoingWrite {
  /** Stamped by the leader when it takes it; see `stamp`. */
  readonly payload: Uint8Array;
  readonly format: number;
  readonly deadline: number;
  /** Until when to wait for somebody to lead before giving up with `no-leader`. */
  readonly leaderDeadline: number;
  readonly forward: boolean;
}

/** What came of a write. */
export interface WrittenReply extends ForwardedReply {
  /** The node that executed it; null: this one. */
  readonly servedBy: NodeId | null;
}

/**
 * Takes commands to the leader, wherever it is. A command is handed over at most once: as long as
 * nothing was handed over it may try again; once it was, the outcome is what the log says, or
 * unknown. Only the client can know whether asking again is right.
 */
export class Writes {
  readonly #replica: Replica;
  readonly #questions: Questions;
  readonly #clock: Clock;
  /** Gives a payload this node's clock and fresh random bits. */
  readonly #stamp: (payload: Uint8Array) => void;

  constructor(options: {
    readonly replica: Replica;
    readonly questions: Questions;
    readonly clock: Clock;
    readonly stamp: (payload: Uint8Array) => void;
  }) {
    this.#replica = options.replica;
    this.#questions = options.questions;
    this.#clock = options.clock;
    this.#stamp = options.stamp;
    options.questions.handle(TOPIC.propose, (_from, body, answer) => {
      this.#onForwarded(body, answer);
    });
  }

  /** Runs `write`; `settle` is called exactly once. */
  write(write: OutgoingWrite, settle: Settle<WrittenReply>): void {
    if (this.#replica.isLeader) {
      this.#propose(write, settle);
      return;
    }
    const { leader } = this.#replica.leadership;
    if (!write.forward) {
      settle.reject(notLeader());
    } else if (leader === null) {
      this.#wait(write, settle);
    } else {
      this.#forward(leader, write, settle);
    }
  }

  #propose(write: OutgoingWrite, settle: Settle<WrittenReply>): void {
    this.#stamp(write.payload);
    this.#replica.propose({
      payload: write.payload,
      format: write.format,
      deadline: write.deadline,
      done: (outcome) => {
        if (outcome.kind === 'applied') {
          const body = outcome.result ?? NO_BYTES;
          settle.resolve({ index: outcome.index, body, servedBy: null });
        } else if (outcome.kind === 'refused' && passing(outcome.reason) && write.forward) {
          this.#wait(write, settle);
        } else {
          settle.reject(errorOf(outcome));
        }
      },
    });
  }

  #forward(leader: NodeId, write: OutgoingWrite, settle: Settle<WrittenReply>): void {
    const timeoutMs = Math.max(1, Math.ceil(write.deadline - this.#clock.now()));
    const body = encodeForwardedWrite({ format: write.format, timeoutMs, payload: write.payload });
    this.#questions.ask({ to: leader, topic: TOPIC.propose, body, timeoutMs }, (answer) => {
      if (answer.kind === 'not-sent') {
        this.#wait(write, settle);
      } else if (answer.kind === 'lost') {
        settle.reject(unknown(`the leader (${leader}) did not answer: ${answer.reason}`));
      } else if (answer.error === null) {
        const reply = decodeForwardedReply(answer.body);
        if (reply === null) settle.reject(unknown('the answer of the leader cannot be understood'));
        else settle.resolve({ ...reply, servedBy: leader });
      } else {
        const error = decodeError(answer.error, 'unknown-outcome');
        if (error.code === 'not-leader' || error.code === 'no-leader') this.#wait(write, settle);
        else settle.reject(error);
      }
    });
  }

  /** Nothing was handed over: try again in a moment, unless there was time enough for a leader. */
  #wait(write: OutgoingWrite, settle: Settle<WrittenReply>): void {
    const now = this.#clock.now();
    if (now >= write.deadline || now >= write.leaderDeadline) {
      settle.reject(new QuorliteError('no-leader', 'leader not found'));
      return;
    }
    this.#clock.after(RETRY_MS, () => {
      this.write(write, settle);
    });
  }

  #onForwarded(body: Uint8Array, answer: Ask): void {
    const forwarded = decodeForwardedWrite(body);
    if (forwarded === null) {
      answer('invalid-request: The forwarded write cannot be understood', NO_BYTES);
      return;
    }
    const { payload, format, timeoutMs } = forwarded;
    const deadline = this.#clock.now() + timeoutMs;
    this.write(
      { payload, format, deadline, leaderDeadline: deadline, forward: false },
      {
        resolve: (reply) => {
          answer(null, encodeForwardedReply(reply));
        },
        reject: (error) => {
          answer(encodeError(error), NO_BYTES);
        },
      },
    );
  }
}

/** Whether waiting a moment may help, and nothing was done. */
function passing(reason: RefusalReason): boolean {
  return reason === 'not-leader' || reason === 'transferring';
}

function notLeader(): QuorliteError {
  return new QuorliteError('not-leader', 'Cannot write here: this node does not lead');
}

function unknown(reason: string): QuorliteError {
  return new QuorliteError(
    'unknown-outcome',
    `Cannot tell whether the write happened: ${reason}. Read back before you try again`,
  );
}

/** The error of an outcome that is not success. */
function errorOf(outcome: Exclude<ProposalOutcome, { kind: 'applied' }>): QuorliteError {
  switch (outcome.kind) {
    case 'unknown':
      return unknown(outcome.reason);
    case 'superseded':
      return new QuorliteError(
        'superseded',
        'leadership lost while committing log: another leader took over first, nothing was written',
      );
    case 'refused':
      return refusal(outcome.reason);
  }
}

function refusal(reason: RefusalReason): QuorliteError {
  switch (reason) {
    case 'not-leader':
    case 'transferring':
    case 'removed':
      return notLeader();
    case 'overloaded':
      return new QuorliteError(
        'overloaded',
        'Cannot take the write: too much is waiting for a majority. Try again later',
      );
    case 'stopping':
      return new QuorliteError('stopping', 'Cannot take the write: the node is stopping');
    case 'disk-full':
      return new QuorliteError(
        'disk-full',
        'Cannot take the write: the disk of the leader is full. Free some space; reads go on',
      );
    case 'pending':
    case 'not-ready':
    case 'invalid':
      return new QuorliteError('not-ready', `Cannot take the write: ${reason}`);
  }
}
