import { ByteReader, ByteWriter, decodeText, encodeText } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { Member } from '../raft/config.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { Ask, Questions } from './questions.ts';
import type { NodeChecksum } from './request.ts';
import type { Settle } from './settle.ts';
import type { Writes } from './write.ts';

const NO_BYTES = new Uint8Array(0);

/** A node that was just started, or lost a connection, is connected again within this time. */
const RECONNECT_MS = 2000;

/** How often it is asked meanwhile. */
const RETRY_MS = 50;

/** What every node said of its content at one index. */
export interface Verified {
  readonly index: number;
  readonly nodes: readonly NodeChecksum[];
}

/** The machine as far as checksums go. */
export interface ChecksumMachine {
  /** The content hash at the index of a checksum entry that was applied lately. */
  checksum(index: number, settle: Settle<string>): void;
}

/** Everything comparing replicas needs of its node. */
export interface VerificationOptions {
  readonly self: () => NodeId;
  readonly replica: Replica;
  readonly machine: ChecksumMachine;
  readonly writes: Writes;
  readonly questions: Questions;
  readonly clock: Clock;
  /** Bytes of a checksum entry. */
  readonly entry: () => Uint8Array;
}

/**
 * Compares replicas: a checksum entry takes a place in the log, every node hashes its content as
 * it is at exactly that index, beside its other work, and says so to whoever asks. A node that
 * cannot say is reported with the reason, and never as equal.
 */
export class Verification {
  readonly #options: VerificationOptions;

  constructor(options: VerificationOptions) {
    this.#options = options;
    options.questions.handle(TOPIC.checksum, (_from, body, answer) => {
      this.#onAsked(body, answer);
    });
  }

  /** Compares `members`; `settle` is called exactly once, soon after `timeoutMs` at the latest. */
  verify(members: readonly Member[], timeoutMs: number, settle: Settle<Verified>): void {
    const { writes, entry, clock } = this.#options;
    const deadline = clock.now() + timeoutMs;
    writes.write(
      { payload: entry(), format: 0, deadline, leaderDeadline: deadline, forward: true },
      {
        resolve: ({ index }) => {
          this.#gather(members, { index, deadline }, settle);
        },
        reject: (error) => {
          settle.reject(error);
        },
      },
    );
  }

  #gather(members: readonly Member[], asked: Asked, settle: Settle<Verified>): void {
    const { index, deadline } = asked;
    const patience = Math.min(deadline, this.#options.clock.now() + RECONNECT_MS);
    const said: NodeChecksum[] = [];
    let owed = members.length;
    if (owed === 0) settle.resolve({ index, nodes: said });
    members.forEach((member, at) => {
      this.#hashOf(member, { index, deadline, patience }, ({ hash, error }) => {
        const { id, clientAddress } = member;
        said[at] = { id, clientAddress, hash, error };
        if (--owed === 0) settle.resolve({ index, nodes: said });
      });
    });
  }

  #hashOf(member: Member, asked: Asking, done: (said: Said) => void): void {
    const { id } = member;
    const { index, deadline, patience } = asked;
    const { self, questions, clock } = this.#options;
    if (id === self()) {
      this.#own(
        { index, deadline },
        {
          resolve: (hash) => {
            done({ hash, error: null });
          },
          reject: ({ message }) => {
            done({ hash: null, error: message });
          },
        },
      );
      return;
    }
    const timeoutMs = Math.max(1, deadline - clock.now());
    const body = new ByteWriter(24).u53(index).u32(Math.ceil(timeoutMs)).copy();
    questions.ask({ to: id, topic: TOPIC.checksum, body, timeoutMs }, (answer) => {
      if (answer.kind !== 'answered') {
        if (clock.now() >= patience) done({ hash: null, error: answer.reason });
        else {
          clock.after(RETRY_MS, () => {
            this.#hashOf(member, asked, done);
          });
        }
      } else if (answer.error !== null) done({ hash: null, error: answer.error });
      else done({ hash: decodeText(answer.body), error: null });
    });
  }

  #onAsked(body: Uint8Array, answer: Ask): void {
    const reader = new ByteReader(body);
    const index = reader.u53();
    const deadline = this.#options.clock.now() + reader.u32();
    if (reader.failed) {
      answer('invalid-request: The question for a checksum cannot be understood', NO_BYTES);
      return;
    }
    this.#own(
      { index, deadline },
      {
        resolve: (hash) => {
          answer(null, encodeText(hash));
        },
        reject: ({ message }) => {
          answer(message, NO_BYTES);
        },
      },
    );
  }

  /** The hash of this node's content at an index, once that is applied. */
  #own({ index, deadline }: Asked, settle: Settle<string>): void {
    const { replica, machine, clock } = this.#options;
    if (replica.diverged) {
      settle.reject(divergedHere());
      return;
    }
    let open = true;
    const timer = clock.after(deadline - clock.now(), () => {
      open = false;
      settle.reject(
        replica.diverged
          ? divergedHere()
          : new QuorliteError('timeout', `Cannot reach index ${index} in time`),
      );
    });
    replica.whenApplied(index, () => {
      timer.cancel();
      if (open) machine.checksum(index, settle);
    });
  }
}

/** What every node is asked for, and until when. */
interface Asked {
  readonly index: number;
  readonly deadline: number;
}

/** The same, of one that may not be connected. */
interface Asking extends Asked {
  /** Until when it is asked again. */
  readonly patience: number;
}

type Said = Pick<NodeChecksum, 'hash' | 'error'>;

function divergedHere(): QuorliteError {
  return new QuorliteError(
    'diverged',
    'A majority holds another state than this node, which waits for a copy of theirs',
  );
}
