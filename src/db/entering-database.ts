import { QuorliteError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { Database } from './database.ts';
import type {
  DatabaseStatus,
  NodeView,
  Readiness,
  ReadRequest,
  Reply,
  WriteRequest,
} from './request.ts';
import type { Verified } from './verify.ts';

/**
 * The database of a node that may not be part of a cluster yet, or no longer: until it has entered,
 * and after it has left, every request is refused, and nothing is done.
 */
export class EnteringDatabase implements Database {
  readonly #outside: () => DatabaseStatus;
  #inside: Database | null = null;
  #refusal: QuorliteError;

  /** `outside` describes the node while it has no database. */
  constructor(outside: () => DatabaseStatus) {
    this.#outside = outside;
    this.#refusal = new QuorliteError(
      'not-ready',
      'store not ready: this node is not part of a cluster yet',
    );
  }

  /** From now on `database` answers. */
  enter(database: Database): void {
    this.#inside = database;
  }

  /** From now on nothing is answered. */
  leave(reason: Error): void {
    this.#inside = null;
    this.#refusal = new QuorliteError('stopping', `This node has stopped: ${reason.message}`);
  }

  // Hot: without an `async` of their own, which would be three more turns of the microtask queue.
  execute(request: WriteRequest): Promise<Reply> {
    return this.#inside?.execute(request) ?? Promise.reject(this.#refusal);
  }

  query(request: ReadRequest): Promise<Reply> {
    return this.#inside?.query(request) ?? Promise.reject(this.#refusal);
  }

  leader(): NodeView | null {
    return this.#inside?.leader() ?? null;
  }

  async nodes(timeoutMs: number): Promise<readonly NodeView[]> {
    return this.#database().nodes(timeoutMs);
  }

  readiness(): Readiness {
    return this.#inside?.readiness() ?? { leader: null, store: false, caughtUp: false };
  }

  async caughtUp(timeoutMs: number): Promise<void> {
    return this.#database().caughtUp(timeoutMs);
  }

  status(): DatabaseStatus {
    return this.#inside?.status() ?? this.#outside();
  }

  async transferLeadership(to: NodeId | null, timeoutMs: number): Promise<void> {
    return this.#database().transferLeadership(to, timeoutMs);
  }

  async remove(id: NodeId, timeoutMs: number): Promise<void> {
    return this.#database().remove(id, timeoutMs);
  }

  async verify(timeoutMs: number): Promise<Verified> {
    return this.#database().verify(timeoutMs);
  }

  async compact(): Promise<boolean> {
    return this.#database().compact();
  }

  #database(): Database {
    if (this.#inside === null) throw this.#refusal;
    return this.#inside;
  }
}
