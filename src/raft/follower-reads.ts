import { between } from '../base/prng.ts';
import type { Random } from '../base/prng.ts';

interface Request {
  readonly contexts: readonly number[];
  readonly sentAtMs: number;
}

/**
 * Reads this node asked its leader about. Request ids are never reused (etcd #20418: a retry under
 * the same id got the answer of the first attempt, recorded before a write it should have seen).
 * They start at a random number, so that an answer meant for an earlier life of this process is
 * not taken for one of ours either.
 */
export class FollowerReads {
  #waiting: number[] = [];
  readonly #requests = new Map<number, Request>();
  #lastId: number;

  constructor(random: Random) {
    this.#lastId = between(random, 0, 2 ** 20) * 2 ** 32 + random.uint32();
  }

  /** Registers a read for the next request. */
  add(context: number): void {
    this.#waiting.push(context);
  }

  /** One request for everything registered since the last; returns its id, or null when none. */
  request(now: number): number | null {
    if (this.#waiting.length === 0) return null;
    const id = ++this.#lastId;
    this.#requests.set(id, { contexts: this.#waiting, sentAtMs: now });
    this.#waiting = [];
    return id;
  }

  /** The contexts an answer is for; empty when it is not for us or late. */
  answered(requestId: number): readonly number[] {
    const request = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    return request?.contexts ?? [];
  }

  /** Gives up on requests that are `timeoutMs` old. The sum is that of the deadline, to the bit. */
  expired(now: number, timeoutMs: number): readonly number[] {
    const contexts: number[] = [];
    for (const [id, request] of this.#requests) {
      if (request.sentAtMs + timeoutMs > now) break;
      contexts.push(...request.contexts);
      this.#requests.delete(id);
    }
    return contexts;
  }

  /** When the oldest request was sent; null when there is none. */
  get oldestSentAtMs(): number | null {
    for (const request of this.#requests.values()) return request.sentAtMs;
    return null;
  }

  /** Gives up on everything. */
  takeAll(): readonly number[] {
    if (this.#waiting.length === 0 && this.#requests.size === 0) return [];
    const contexts = [...this.#requests.values()].flatMap((request) => request.contexts);
    contexts.push(...this.#waiting);
    this.#requests.clear();
    this.#waiting = [];
    return contexts;
  }
}
