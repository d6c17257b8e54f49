import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { Statement } from '../command/command.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import {
  decodeError,
  decodeForwardedRead,
  decodeForwardedReply,
  encodeError,
  encodeForwardedRead,
  encodeForwardedReply,
} from './forward.ts';
import type { Ask, Questions } from './questions.ts';
import type { ReadRequest } from './request.ts';
import type { Settle } from './settle.ts';
import type { WrittenReply } from './write.ts';

/** How soon a read that found no leader tries again. */
const RETRY_MS = 20;

const NO_BYTES = new Uint8Array(0);

/** The engine that answers reads from this node's data. */
export interface ReadEngine {
  query(
    request: {
      readonly statements: readonly Statement[];
      readonly transaction: boolean;
      readonly format: number;
      /** 0: no bound of its own. */
      readonly statementTimeoutMs: number;
      readonly timeoutMs: number;
    },
    settle: Settle<Uint8Array>,
  ): void;
}

/** Statements as bytes and back, for reads that travel to the leader. */
export interface StatementsCodec {
  encode(statements: readonly Statement[], transaction: boolean): Uint8Array;
  /** Null when the bytes are not statements. */
  decode(
    payload: Uint8Array,
  ): { readonly statements: readonly Statement[]; readonly transaction: boolean } | null;
}

/** Everything a read needs of its node. */
export interface ReadsOptions {
  readonly replica: Replica;
  readonly engine: ReadEngine;
  readonly questions: Questions;
  readonly codec: StatementsCodec;
  readonly clock: Clock;
  /** How long to look for a leader before giving up. */
  readonly leaderPatienceMs: number;
  /** Milliseconds since this node last knew that a leader was there. */
  leaderContactAgeMs(): number;
  /** Takes a place in the log, on the leader; settles with its index. */
  barrier(deadline: number, settle: Settle<number>): void;
}

/** Answers reads at the level they ask for, here or on the leader. */
export class Reading {
  readonly #options: ReadsOptions;

  constructor(options: ReadsOptions) {
    this.#options = options;
    options.questions.handle(TOPIC.read, (_from, body, answer) => {
      this.#onForwarded(body, answer);
    });
  }

  /** Answers `request`; `settle` is called exactly once. */
  read(request: ReadRequest, settle: Settle<WrittenReply>): void {
    const now = this.#options.clock.now();
    const deadline = now + request.timeoutMs;
    switch (request.level) {
      case 'none':
        this.#stale(request, deadline, settle);
        return;
      case 'linearizable':
        this.#linearizable(request, deadline, settle);
        return;
      case 'weak':
      case 'strong':
        this.#onLeader(request, deadline, now + this.#options.leaderPatienceMs, settle);
    }
  }

  #stale(request: ReadRequest, deadline: number, settle: Settle<WrittenReply>): void {
    const bound = request.freshnessMs;
    if (bound > 0 && this.#options.leaderContactAgeMs() > bound) {
      settle.reject(new QuorliteError('stale-read', 'stale read'));
      return;
    }
    this.#local(request, deadline, 0, settle);
  }

  #linearizable(request: ReadRequest, deadline: number, settle: Settle<WrittenReply>): void {
    this.#options.replica.read(deadline, (outcome) => {
      switch (outcome.kind) {
        case 'ready':
          this.#local(request, deadline, outcome.index, settle);
          return;
        case 'timeout':
          settle.reject(
            this.#options.replica.diverged
              ? divergedHere()
              : new QuorliteError('no-leader', 'leader not found: no majority confirmed the read'),
          );
          return;
        case 'stopping':
          settle.reject(new QuorliteError('stopping', 'Cannot read: the node is stopping'));
      }
    });
  }

  #onLeader(
    request: ReadRequest,
    deadline: number,
    leaderDeadline: number,
    settle: Settle<WrittenReply>,
  ): void {
    const { replica } = this.#options;
    if (replica.isLeader) {
      if (request.level === 'weak') this.#local(request, deadline, 0, settle);
      else this.#strong(request, deadline, settle);
      return;
    }
    const { leader } = replica.leadership;
    if (!request.forward) {
      settle.reject(new QuorliteError('not-leader', 'Cannot read here: this node does not lead'));
    } else if (leader === null) {
      this.#wait(request, deadline, leaderDeadline, settle);
    } else {
      this.#forward(leader, request, { deadline, leaderDeadline }, settle);
    }
  }

  #strong(request: ReadRequest, deadline: number, settle: Settle<WrittenReply>): void {
    this.#options.barrier(deadline, {
      resolve: (index) => {
        this.#local(request, deadline, index, settle);
      },
      reject: (error) => {
        settle.reject(error);
      },
    });
  }

  #forward(
    leader: NodeId,
    request: ReadRequest,
    until: { readonly deadline: number; readonly leaderDeadline: number },
    settle: Settle<WrittenReply>,
  ): void {
    const { clock, codec, questions } = this.#options;
    const timeoutMs = Math.max(1, Math.ceil(until.deadline - clock.now()));
    const { format, statementTimeoutMs, level } = request;
    const payload = codec.encode(request.statements, request.transaction);
    const body = encodeForwardedRead({ format, timeoutMs, statementTimeoutMs, level, payload });
    questions.ask({ to: leader, topic: TOPIC.read, body, timeoutMs }, (answer) => {
      if (answer.kind !== 'answered') {
        // A read can always be asked again.
        this.#wait(request, until.deadline, until.leaderDeadline, settle);
        return;
      }
      if (answer.error !== null) {
        const error = decodeError(answer.error, 'no-leader');
        if (error.code === 'not-leader') {
          this.#wait(request, until.deadline, until.leaderDeadline, settle);
        } else {
          settle.reject(error);
        }
        return;
      }
      const reply = decodeForwardedReply(answer.body);
      if (reply !== null) settle.resolve({ ...reply, servedBy: leader });
      else settle.reject(new QuorliteError('no-leader', 'Cannot understand the leader'));
    });
  }

  #wait(
    request: ReadRequest,
    deadline: number,
    leaderDeadline: number,
    settle: Settle<WrittenReply>,
  ): void {
    const now = this.#options.clock.now();
    if (now >= deadline || now >= leaderDeadline) {
      settle.reject(new QuorliteError('no-leader', 'leader not found'));
      return;
    }
    this.#options.clock.after(RETRY_MS, () => {
      this.#onLeader(request, deadline, leaderDeadline, settle);
    });
  }

  #local(
    request: ReadRequest,
    deadline: number,
    index: number,
    settle: Settle<WrittenReply>,
  ): void {
    const { statements, transaction, format, statementTimeoutMs } = request;
    const { replica, clock, engine } = this.#options;
    if (replica.diverged) {
      settle.reject(divergedHere());
      return;
    }
    const timeoutMs = Math.max(1, deadline - clock.now());
    engine.query(
      { statements, transaction, format, statementTimeoutMs, timeoutMs },
      {
        resolve: (body) => {
          // It may have been read before a majority contradicted the state, and answered after.
          if (replica.diverged) settle.reject(divergedHere());
          else settle.resolve({ body, index, servedBy: null });
        },
        reject: (error) => {
          settle.reject(error);
        },
      },
    );
  }

  #onForwarded(body: Uint8Array, answer: Ask): void {
    const forwarded = decodeForwardedRead(body);
    const decoded = forwarded === null ? null : this.#options.codec.decode(forwarded.payload);
    if (forwarded === null || decoded === null) {
      answer('invalid-request: The forwarded read cannot be understood', NO_BYTES);
      return;
    }
    const { format, timeoutMs, statementTimeoutMs, level } = forwarded;
    this.read(
      { ...decoded, format, timeoutMs, statementTimeoutMs, level, freshnessMs: 0, forward: false },
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

function divergedHere(): QuorliteError {
  return new QuorliteError(
    'diverged',
    'Cannot read here: a majority of the nodes holds another state than this node, which waits ' +
      'for a copy of theirs. Ask another node',
  );
}
