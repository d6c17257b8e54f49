import type { QuorliteError } from '../../base/errors.ts';
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

/** A call that reached the database. */
export type Call =
  | { readonly kind: 'execute'; readonly request: WriteRequest }
  | { readonly kind: 'query'; readonly request: ReadRequest }
  | { readonly kind: 'transfer'; readonly to: string | null; readonly timeoutMs: number }
  | { readonly kind: 'remove'; readonly id: string; readonly timeoutMs: number };

/** An answer whose body is `text`. */
export function replyOf(text: string, index = 7): Reply {
  return { body: Buffer.from(text, 'utf8'), index, servedBy: '127.0.0.1:4001' };
}

/** A node of a cluster of three; the first one leads. */
export function nodeOf(number: number, changes: Partial<NodeView> = {}): NodeView {
  return {
    id: `n${number}`,
    clientAddress: `127.0.0.1:${3999 + 2 * number}`,
    peerAddress: `127.0.0.1:${4000 + 2 * number}`,
    voter: true,
    leader: number === 1,
    reachable: true,
    version: '0.1.0',
    roundTripMs: 1.5,
    error: '',
    ...changes,
  };
}

/** A database that does what a test says and notes what it was asked. */
export class FakeDatabase implements Database {
  readonly calls: Call[] = [];
  /** What `execute` and `query` answer; a test may put a function here that never settles. */
  onData: (call: Call & { kind: 'execute' | 'query' }) => Promise<Reply> = (call) =>
    Promise.resolve(call.kind === 'execute' ? replyOf('{}') : replyOf(SELECT_ONE));
  /** What the other promises reject with; null: they resolve. */
  failure: QuorliteError | null = null;
  leaderNode: NodeView | null = nodeOf(1);
  members: readonly NodeView[] = [nodeOf(2), nodeOf(1), nodeOf(3, { voter: false })];
  ready: Readiness = { leader: '127.0.0.1:4001', store: true, caughtUp: true };
  checksums: readonly NodeChecksum[] = [];
  compacted = true;
  statusChanges: Partial<DatabaseStatus> = {};

  execute(request: WriteRequest): Promise<Reply> {
    return this.#data({ kind: 'execute', request });
  }

  query(request: ReadRequest): Promise<Reply> {
    return this.#data({ kind: 'query', request });
  }

  leader(): NodeView | null {
    return this.leaderNode;
  }

  nodes(): Promise<readonly NodeView[]> {
    return this.#unlessFailing(this.members);
  }

  readiness(): Readiness {
    return this.ready;
  }

  caughtUp(): Promise<void> {
    return this.#unlessFailing(undefined);
  }

  status(): DatabaseStatus {
    return { ...STATUS, ...this.statusChanges };
  }

  transferLeadership(to: string | null, timeoutMs: number): Promise<void> {
    this.calls.push({ kind: 'transfer', to, timeoutMs });
    return this.#unlessFailing(undefined);
  }

  remove(id: string, timeoutMs: number): Promise<void> {
    this.calls.push({ kind: 'remove', id, timeoutMs });
    return this.#unlessFailing(undefined);
  }

  verify(): Promise<{ readonly index: number; readonly nodes: readonly NodeChecksum[] }> {
    return this.#unlessFailing({ index: 9, nodes: this.checksums });
  }

  compact(): Promise<boolean> {
    return this.#unlessFailing(this.compacted);
  }

  #data(call: Call & { kind: 'execute' | 'query' }): Promise<Reply> {
    this.calls.push(call);
    return this.onData(call);
  }

  #unlessFailing<T>(value: T): Promise<T> {
    return this.failure === null ? Promise.resolve(value) : Promise.reject(this.failure);
  }
}

const SELECT_ONE = '{"columns":["1"],"types":["integer"],"values":[[1]]}';

const STATUS: DatabaseStatus = {
  nodeId: 'n1',
  clusterId: 'c0ffee',
  incarnation: 'beef',
  version: '0.1.0',
  role: 'leader',
  term: 3,
  leader: { id: 'n1', clientAddress: '127.0.0.1:4001', peerAddress: '127.0.0.1:4002' },
  firstIndex: 1,
  lastIndex: 12,
  commitIndex: 12,
  appliedIndex: 11,
  snapshotIndex: 0,
  logBytes: 1_536,
  recovering: false,
  leaderContactAgeMs: 0,
  peers: 2,
  voter: true,
  directory: '/data',
  databasePath: '/data/databases/main/main.db',
  databaseBytes: 82_854_982,
  walBytes: 0,
  sqliteVersion: '3.50.4',
  compileOptions: ['ENABLE_FTS5'],
  electionTimeoutMs: 1_000,
  heartbeatIntervalMs: 100,
  syncMsMean: 0.2,
  diskLow: false,
};
