import { assert } from '../base/assert.ts';
import { NO_BYTES } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import { type Random, below } from '../base/prng.ts';
import type { Packet, Transport } from './transport.ts';

/** A question for another node. */
export interface Question {
  readonly group: GroupId;
  readonly topic: number;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

/** How a call ended. */
export type CallResult =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly code: CallFailure; readonly message: string };

/** Why a call has no answer, and with it whether the other side may have acted. */
export type CallFailure =
  /** It was not sent: nothing was done. */
  | 'not-connected'
  /** Too many calls are unanswered, or the queue to the peer is full: nothing was done. */
  | 'overloaded'
  /** The other side answered no: `message` is its text, with a code before the first colon. */
  | 'refused'
  /** No answer in time: it may have been done, or may still be. */
  | 'timeout'
  /** The connection ended before the answer: it may have been done. */
  | 'disconnected'
  /** This node stops: it may have been done. */
  | 'stopping';

/** Answers a call, once; `error` is null or a text with a code before the first colon. */
export type Answer = (error: string | null, body: Uint8Array) => void;

/** Answers the calls of one topic, now or later. */
export type CallHandler = (from: NodeId, body: Uint8Array, answer: Answer, group: GroupId) => void;

/** How `Calls` is made. */
export interface CallsOptions {
  readonly transport: Pick<Transport, 'send' | 'flush'>;
  readonly clock: Clock;
  /** Where ids start, so that two lives of a process share none. */
  readonly random: Random;
  /** Unanswered calls to one peer; 1,024 when missing: some turns of a busy node's forwards. */
  readonly outstandingMax?: number;
}

const OUTSTANDING_MAX = 1024;

interface Outstanding {
  readonly to: NodeId;
  readonly deadlineMs: number;
  readonly done: (result: CallResult) => void;
}

/**
 * Questions and answers over a transport. Every call ends exactly once, never from inside `call`:
 * with its answer, at its deadline, or as soon as the connection ends. Its owner passes on the
 * transport's packets and disconnections.
 */
export class Calls {
  readonly #transport: Pick<Transport, 'send' | 'flush'>;
  readonly #clock: Clock;
  readonly #outstandingMax: number;
  readonly #handlers = new Map<number, CallHandler>();
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #countOf = new Map<NodeId, number>();
  /** How often each peer was lost: an answer goes only to the life of the peer that asked. */
  readonly #lives = new Map<NodeId, number>();
  #lastId: number;
  #closed = false;
  #flushing = false;
  /** One timer for all, at the earliest deadline or before. */
  #timer: Timer | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: CallsOptions) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#outstandingMax = options.outstandingMax ?? OUTSTANDING_MAX;
    // Below 2^48, so that counting on from here never leaves the safe integers.
    this.#lastId = options.random.uint32() * 65536 + below(options.random, 65536);
  }

  /** Asks `to`; `done` is called once, on a later turn. */
  call(to: NodeId, question: Question, done: (result: CallResult) => void): void {
    const { group, topic, body, timeoutMs } = question;
    const fail = (code: CallFailure, message: string): void => {
      this.#clock.defer(() => done({ ok: false, code, message }));
    };
    if (this.#closed) {
      fail('stopping', `Cannot ask ${to}: this node stops`);
      return;
    }
    const count = this.#countOf.get(to) ?? 0;
    if (count >= this.#outstandingMax) {
      fail('overloaded', `Cannot ask ${to}: ${count} calls are unanswered`);
      return;
    }
    const callId = ++this.#lastId;
    if (!this.#transport.send(to, { kind: 'call', callId, group, topic, body })) {
      fail('not-connected', `Cannot ask ${to}: it is not connected, or too much waits for it`);
      return;
    }
    // Alone, it gains nothing by waiting for others to share a write with.
    if (count === 0) this.#flushSoon();
    const deadlineMs = this.#clock.now() + timeoutMs;
    this.#outstanding.set(callId, { to, deadlineMs, done });
    this.#countOf.set(to, count + 1);
    this.#wakeAt(deadlineMs);
  }

  /** Answers the calls of `topic` from now on; each topic has one handler. */
  handle(topic: number, handler: CallHandler): void {
    assert(!this.#handlers.has(topic), () => `Topic ${topic} has a handler`);
    this.#handlers.set(topic, handler);
  }

  /** Takes calls and answers; returns whether the packet was one. */
  onPacket(from: NodeId, packet: Packet): boolean {
    if (packet.kind === 'answer') this.#onAnswer(from, packet);
    else if (packet.kind === 'call') this.#onCall(from, packet);
    else return false;
    return true;
  }

  /** Ends the calls to `peer`: their outcome is unknown. Answers it waits for are dropped. */
  onDisconnected(peer: NodeId): void {
    this.#lives.set(peer, (this.#lives.get(peer) ?? 0) + 1);
    this.#endAll(
      (call) => call.to === peer,
      () => ({
        ok: false,
        code: 'disconnected',
        message: `The connection to ${peer} ended before it answered`,
      }),
    );
  }

  /** Ends every call; on a later turn, because whoever closes is in the middle of it. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#clock.defer(() => {
      this.#endAll(
        () => true,
        ({ to }) => ({
          ok: false,
          code: 'stopping',
          message: `This node stopped before ${to} answered`,
        }),
      );
    });
  }

  #onAnswer(from: NodeId, answer: Packet & { readonly kind: 'answer' }): void {
    const call = this.#outstanding.get(answer.callId);
    // Too late, or not an answer of whoever was asked.
    if (call === undefined || call.to !== from) return;
    this.#end(
      answer.callId,
      call,
      answer.error === null
        ? { ok: true, body: answer.body }
        : { ok: false, code: 'refused', message: answer.error },
    );
  }

  #onCall(from: NodeId, { callId, group, topic, body }: Packet & { readonly kind: 'call' }): void {
    const life = this.#lives.get(from);
    let answered = false;
    const answer: Answer = (error, answerBody) => {
      assert(!answered, () => `A call of topic ${topic} from ${from} was answered twice`);
      answered = true;
      if (this.#closed || this.#lives.get(from) !== life) return;
      // When it cannot be queued, the caller's deadline tells it.
      this.#transport.send(from, { kind: 'answer', callId, error, body: answerBody });
      // Answers that belong together, such as those of a range applied, come from one event.
      this.#flushSoon();
    };
    const handler = this.#handlers.get(topic);
    if (this.#closed) answer('stopping: This node is shutting down', NO_BYTES);
    else if (handler === undefined) {
      answer(`invalid-request: This node answers no calls of topic ${topic}`, NO_BYTES);
    } else handler(from, body, answer, group);
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#clock.soon(() => {
      this.#flushing = false;
      this.#transport.flush();
    });
  }

  #endAll(which: (call: Outstanding) => boolean, result: (call: Outstanding) => CallResult): void {
    // Not those that are begun by who is told.
    const before = [...this.#outstanding];
    for (const [callId, call] of before) {
      if (which(call) && this.#outstanding.has(callId)) this.#end(callId, call, result(call));
    }
  }

  #end(callId: number, call: Outstanding, result: CallResult): void {
    this.#outstanding.delete(callId);
    const count = (this.#countOf.get(call.to) ?? 1) - 1;
    if (count === 0) this.#countOf.delete(call.to);
    else this.#countOf.set(call.to, count);
    call.done(result);
  }

  #wakeAt(deadlineMs: number): void {
    if (this.#closed || deadlineMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = deadlineMs;
    this.#timer = this.#clock.after(deadlineMs - this.#clock.now(), () => this.#onWake());
  }

  #onWake(): void {
    this.#timer = null;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    this.#endAll(
      ({ deadlineMs }) => deadlineMs <= nowMs,
      ({ to }) => ({ ok: false, code: 'timeout', message: `${to} did not answer in time` }),
    );
    let earliest = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#outstanding.values()) {
      earliest = Math.min(earliest, deadlineMs);
    }
    this.#wakeAt(earliest);
  }
}
