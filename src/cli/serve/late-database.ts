import { QuorliteError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import type { Database } from '../../db/database.ts';
import type {
  DatabaseStatus,
  NodeChecksum,
  NodeView,
  Readiness,
  ReadRequest,
  Reply,
  WriteRequest,
} from '../../db/request.ts';

/**
 * A database that is not open yet. The HTTP server must listen before the node opens, because the
 * node tells others its client address; until then every request is refused and nothing is done.
 */
export class LateDatabase implements Database {
  #opened: Database | null = null;

  /** From now on `database` answers. */
  open(database: Database): void {
    this.#opened = database;
  }

  // Hot: without an `async` of their own, which would be three more turns of the microtask queue.
  execute(request: WriteRequest): Promise<Reply> {
    return this.#opened?.execute(request) ?? Promise.reject(notReady());
  }

  query(request: ReadRequest): Promise<Reply> {
    return this.#opened?.query(request) ?? Promise.reject(notReady());
  }

  leader(): NodeView | null {
    return this.#opened?.leader() ?? null;
  }

  async nodes(timeoutMs: number): Promise<readonly NodeView[]> {
    return this.#database().nodes(timeoutMs);
  }

  readiness(): Readiness {
    return this.#opened?.readiness() ?? { leader: null, store: false, caughtUp: false };
  }

  async caughtUp(timeoutMs: number): Promise<void> {
    return this.#database().caughtUp(timeoutMs);
  }

  status(): DatabaseStatus {
    return this.#database().status();
  }

  async transferLeadership(to: NodeId | null, timeoutMs: number): Promise<void> {
    return this.#database().transferLeadership(to, timeoutMs);
  }

  async remove(id: NodeId, timeoutMs: number): Promise<void> {
    return this.#database().remove(id, timeoutMs);
  }

  async verify(
    timeoutMs: number,
  ): Promise<{ readonly index: number; readonly nodes: readonly NodeChecksum[] }> {
    return this.#database().verify(timeoutMs);
  }

  async compact(): Promise<boolean> {
    return this.#database().compact();
  }

  #database(): Database {
    if (this.#opened !== null) return this.#opened;
    throw notReady();
  }
}

function notReady(): QuorliteError {
  return new QuorliteError('not-ready', 'store not ready: this node is still starting');
}
