import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { ClusterRequests } from '../host/requests.ts';
import type { Config, Member } from '../raft/config.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { Database } from './database.ts';
import { decodeError } from './forward.ts';
import type { Questions } from './questions.ts';
import type { Reading } from './read.ts';
import type {
  DatabaseStatus,
  NodeView,
  Readiness,
  ReadRequest,
  Reply,
  WriteRequest,
} from './request.ts';
import type { Settle } from './settle.ts';
import type { Verification, Verified } from './verify.ts';
import type { Writes, WrittenReply } from './write.ts';

/** What a peer said of itself, as far as the database cares. */
export interface PeerView {
  readonly id: NodeId;
  readonly version: string;
}

/** The rooms below, put together by `open.ts`. */
export interface DatabaseParts {
  readonly self: () => Member;
  readonly version: string;
  readonly replica: Replica;
  readonly writes: Writes;
  readonly reads: Reading;
  readonly verification: Verification;
  readonly questions: Questions;
  readonly requests: ClusterRequests;
  readonly clock: Clock;
  readonly electionTimeoutMs: number;
  readonly trailingBytes: number;
  /** The bytes of a write as they will stand in the log. */
  readonly encode: (request: WriteRequest) => Uint8Array;
  readonly connected: () => readonly PeerView[];
  /** False while the state of this node is not usable. */
  readonly usable: () => boolean;
  readonly status: () => DatabaseStatus;
}

/** One database of this node, replicated: what every door is given. */
export class ReplicatedDatabase implements Database {
  readonly #parts: DatabaseParts;

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
  }

  execute(request: WriteRequest): Promise<Reply> {
    const { clock, writes, encode } = this.#parts;
    return new Promise((resolve, reject) => {
      const payload = encode(request);
      const now = clock.now();
      writes.write(
        {
          payload,
          format: request.format,
          deadline: now + request.timeoutMs,
          leaderDeadline: now + this.#leaderPatienceMs(),
          forward: request.forward,
        },
        this.#replyTo({ resolve, reject }),
      );
    });
  }

  query(request: ReadRequest): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#parts.reads.read(request, this.#replyTo({ resolve, reject }));
    });
  }

  leader(): NodeView | null {
    const { leader } = this.#parts.replica.leadership;
    if (leader === null) return null;
    return this.#views().find(({ id }) => id === leader) ?? null;
  }

  async nodes(timeoutMs: number): Promise<readonly NodeView[]> {
    if (timeoutMs === 0) return this.#views();
    return Promise.all(this.#views().map((view) => this.#measure(view, timeoutMs)));
  }

  readiness(): Readiness {
    const { replica, usable } = this.#parts;
    const { commit } = replica.raft.status();
    return {
      leader: this.leader()?.clientAddress ?? null,
      store: usable(),
      caughtUp: replica.applied >= commit,
    };
  }

  caughtUp(timeoutMs: number): Promise<void> {
    const { replica, clock } = this.#parts;
    return new Promise((resolve, reject) => {
      replica.read(clock.now() + timeoutMs, (outcome) => {
        if (outcome.kind === 'ready') resolve();
        else reject(new QuorliteError('timeout', 'Cannot catch up with the leader in time'));
      });
    });
  }

  status(): DatabaseStatus {
    return this.#parts.status();
  }

  transferLeadership(to: NodeId | null, timeoutMs: number): Promise<void> {
    return this.#asked((done) => {
      this.#parts.requests.transfer(to, timeoutMs, done);
    });
  }

  remove(id: NodeId): Promise<void> {
    return this.#asked((done) => {
      this.#parts.requests.remove(id, done);
    });
  }

  verify(timeoutMs: number): Promise<Verified> {
    return new Promise((resolve, reject) => {
      this.#parts.verification.verify(this.#config().members, timeoutMs, { resolve, reject });
    });
  }

  compact(): Promise<boolean> {
    const { replica, trailingBytes } = this.#parts;
    return new Promise((resolve) => {
      replica.compact(trailingBytes, resolve);
    });
  }

  #asked(ask: (done: (error: string | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      ask((error) => {
        if (error === null) resolve();
        else reject(decodeError(error, 'membership'));
      });
    });
  }

  /** An election and a half: whoever asks meanwhile waits instead of failing. */
  #leaderPatienceMs(): number {
    return 3 * this.#parts.electionTimeoutMs;
  }

  #config(): Config {
    return this.#parts.replica.raft.config;
  }

  #replyTo(settle: {
    resolve: (reply: Reply) => void;
    reject: (error: QuorliteError) => void;
  }): Settle<WrittenReply> {
    return {
      resolve: ({ body, index, servedBy }) => {
        settle.resolve({ body, index, servedBy: this.#clientAddressOf(servedBy) });
      },
      reject: settle.reject,
    };
  }

  #clientAddressOf(id: NodeId | null): string {
    const { self } = this.#parts;
    if (id === null) return self().clientAddress;
    return this.#config().members.find((member) => member.id === id)?.clientAddress ?? '';
  }

  #views(): readonly NodeView[] {
    const { self, version, replica, connected } = this.#parts;
    const own = self().id;
    const { voters, votersOutgoing, members } = this.#config();
    const peers = new Map(connected().map((peer) => [peer.id, peer]));
    return members.map(({ id, clientAddress, peerAddress }) => ({
      id,
      clientAddress,
      peerAddress,
      voter: voters.includes(id) || votersOutgoing.includes(id),
      leader: replica.leadership.leader === id,
      reachable: id === own || peers.has(id),
      version: id === own ? version : (peers.get(id)?.version ?? ''),
      roundTripMs: 0,
      error: id === own || peers.has(id) ? '' : 'not connected',
    }));
  }

  #measure(view: NodeView, timeoutMs: number): Promise<NodeView> {
    const { clock, questions, self } = this.#parts;
    if (view.id === self().id || !view.reachable) return Promise.resolve(view);
    const startedAt = clock.now();
    return new Promise((resolve) => {
      questions.ask(
        { to: view.id, topic: TOPIC.ping, body: new Uint8Array(0), timeoutMs },
        (answer) => {
          const roundTripMs = clock.now() - startedAt;
          if (answer.kind === 'answered') resolve({ ...view, roundTripMs });
          else resolve({ ...view, reachable: false, error: answer.reason });
        },
      );
    });
  }
}
