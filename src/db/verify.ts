import { ByteReader, ByteWriter, decodeText, encodeText } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, QuorliteError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { Member } from '../raft/config.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import type { Ask, Questions } from './questions.ts';
import type { NodeChecksum } from './request.ts';
import type { Writes } from './write.ts';

const NO_BYTES = new Uint8Array(0);

/** What every node said of its content at one index. */
export interface Verified {
  readonly index: number;
  readonly nodes: readonly NodeChecksum[];
}

/** The machine as far as checksums go. */
export interface ChecksumMachine {
  /** The content hash at the index of a checksum entry that was applied lately. */
  checksum(index: number): Promise<string>;
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
 * it is at exactly that index, beside its other work, and says so to whoever asks.
 */
export class Verification {
  readonly #options: VerificationOptions;

  constructor(options: VerificationOptions) {
    this.#options = options;
    options.questions.handle(TOPIC.checksum, (_from, body, answer) => {
      this.#onAsked(body, answer);
    });
  }

  async verify(members: readonly Member[], timeoutMs: number): Promise<Verified> {
    const deadline = this.#options.clock.now() + timeoutMs;
    const index = await this.#propose(deadline);
    const nodes = await Promise.all(members.map((member) => this.#hashOf(member, index, deadline)));
    return { index, nodes };
  }

  #propose(deadline: number): Promise<number> {
    const { writes, entry } = this.#options;
    const payload = entry();
    return new Promise((resolve, reject) => {
      writes.write(
        { payload, format: 0, deadline, leaderDeadline: deadline, forward: true },
        {
          resolve: (reply) => {
            resolve(reply.index);
          },
          reject,
        },
      );
    });
  }

  async #hashOf(member: Member, index: number, deadline: number): Promise<NodeChecksum> {
    const { id, clientAddress } = member;
    const { self, questions, clock } = this.#options;
    const timeoutMs = Math.max(1, deadline - clock.now());
    if (id === self()) {
      try {
        return { id, clientAddress, hash: await this.#own(index, deadline), error: null };
      } catch (cause) {
        return { id, clientAddress, hash: null, error: messageOf(cause) };
      }
    }
    const body = new ByteWriter(24).u53(index).u32(Math.ceil(timeoutMs)).copy();
    return new Promise((resolve) => {
      questions.ask({ to: id, topic: TOPIC.checksum, body, timeoutMs }, (answer) => {
        const failed = answer.kind === 'answered' ? answer.error : answer.reason;
        if (failed !== null) resolve({ id, clientAddress, hash: null, error: failed });
        else if (answer.kind === 'answered') {
          resolve({ id, clientAddress, hash: decodeText(answer.body), error: null });
        }
      });
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
    this.#own(index, deadline).then(
      (hash) => {
        answer(null, encodeText(hash));
      },
      (cause: unknown) => {
        answer(messageOf(cause), NO_BYTES);
      },
    );
  }

  async #own(index: number, deadline: number): Promise<string> {
    await this.#applied(index, deadline);
    return this.#options.machine.checksum(index);
  }

  #applied(index: number, deadline: number): Promise<void> {
    const { replica, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(deadline - clock.now(), () => {
        reject(new QuorliteError('timeout', `Cannot reach index ${index} in time`));
      });
      replica.whenApplied(index, () => {
        timer.cancel();
        resolve();
      });
    });
  }
}
