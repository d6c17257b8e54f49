import type { NodeId } from '../base/ids.ts';
import type { ConfirmedRead, Deferred, Effects, SnapshotRequest } from './effects.ts';
import type { Index } from './entry.ts';
import type { Message } from './message.ts';

/** An answer to a follower's read; leaves after the appends that tell it the commit index. */
export interface ReadAnswer {
  readonly to: NodeId;
  readonly requestId: number;
  readonly index: Index | null;
}

/** Effects collected since the last drain. */
export class Outbox {
  #sendNow: Message[] = [];
  #sendAfter: Deferred[] = [];
  #reads: ConfirmedRead[] = [];
  #failedReads: number[] = [];
  #snapshots: SnapshotRequest[] = [];
  #protocolErrors: { readonly from: NodeId; readonly reason: string }[] = [];
  #readAnswers: ReadAnswer[] = [];

  send(message: Message): void {
    this.#sendNow.push(message);
  }

  /** `ticket` may be done already; the drain sorts that out. */
  sendAfter(ticket: number, message: Message): void {
    this.#sendAfter.push({ ticket, message });
  }

  /** Promises of an earlier term are not worth keeping; losing a message is always safe. */
  dropDeferred(): void {
    this.#sendAfter.length = 0;
  }

  confirmRead(context: number, index: Index): void {
    this.#reads.push({ context, index });
  }

  failReads(contexts: readonly number[]): void {
    for (const context of contexts) this.#failedReads.push(context);
  }

  answerRead(answer: ReadAnswer): void {
    this.#readAnswers.push(answer);
  }

  takeReadAnswers(): readonly ReadAnswer[] {
    const answers = this.#readAnswers;
    if (answers.length > 0) this.#readAnswers = [];
    return answers;
  }

  requestSnapshot(request: SnapshotRequest): void {
    this.#snapshots.push(request);
  }

  protocolError(from: NodeId, reason: string): void {
    this.#protocolErrors.push({ from, reason });
  }

  /** Hands everything over; null when there is nothing. */
  take(done: number): Pick<Effects, OutboxEffect> | null {
    if (this.#isEmpty()) return null;
    for (const deferred of this.#sendAfter) {
      if (deferred.ticket <= done) this.#sendNow.push(deferred.message);
    }
    const effects: Pick<Effects, OutboxEffect> = {
      sendNow: this.#sendNow,
      sendAfter: this.#sendAfter.filter((deferred) => deferred.ticket > done),
      reads: this.#reads,
      failedReads: this.#failedReads,
      snapshots: this.#snapshots,
      protocolErrors: this.#protocolErrors,
    };
    this.#sendNow = [];
    this.#sendAfter = [];
    this.#reads = [];
    this.#failedReads = [];
    this.#snapshots = [];
    this.#protocolErrors = [];
    return effects;
  }

  #isEmpty(): boolean {
    return (
      this.#sendNow.length === 0 &&
      this.#sendAfter.length === 0 &&
      this.#reads.length === 0 &&
      this.#failedReads.length === 0 &&
      this.#snapshots.length === 0 &&
      this.#protocolErrors.length === 0
    );
  }
}

type OutboxEffect =
  | 'sendNow'
  | 'sendAfter'
  | 'reads'
  | 'failedReads'
  | 'snapshots'
  | 'protocolErrors';
