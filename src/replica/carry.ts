import type { GroupId } from '../base/ids.ts';
import type { Deferred, Effects, Write } from '../raft/effects.ts';
import type { Message } from '../raft/message.ts';

/** Where effects go. */
export interface CarryPort {
  readonly group: GroupId;
  /** Queues a message for the network; it may be lost. */
  send(message: Message): void;
  /** Queues a write; `done` is called once it is durable, in order, possibly within `flush`. */
  append(group: GroupId, write: Write, done: () => void): void;
  /** Everything up to `ticket` is durable. */
  durable(ticket: number): void;
}

/**
 * Turns the effects of a core into disk and network calls. This is the one place that holds the
 * order "durable before promised" (protocol: persistence ordering):
 *
 * 1. messages that promise nothing are queued for the network; the host flushes them before the
 *    disk is waited for, so that followers write while the leader does;
 * 2. the write is queued for the journal, which carries writes out in order;
 * 3. messages that promise something are held until the journal said that their ticket is durable.
 */
export class Carry {
  readonly #port: CarryPort;
  #held: Deferred[] = [];
  #doneTicket = 0;

  constructor(port: CarryPort) {
    this.#port = port;
  }

  /** How many messages wait for the disk. */
  get held(): number {
    return this.#held.length;
  }

  carry(effects: Effects): void {
    for (const message of effects.sendNow) this.#port.send(message);
    const { write } = effects;
    if (write !== null) {
      this.#port.append(this.#port.group, write, () => {
        this.#durable(write.ticket);
      });
    }
    for (const deferred of effects.sendAfter) {
      if (deferred.ticket <= this.#doneTicket) this.#port.send(deferred.message);
      else this.#held.push(deferred);
    }
  }

  #durable(ticket: number): void {
    this.#doneTicket = ticket;
    this.#port.durable(ticket);
    if (this.#held.length === 0) return;
    const waiting: Deferred[] = [];
    for (const deferred of this.#held) {
      if (deferred.ticket <= ticket) this.#port.send(deferred.message);
      else waiting.push(deferred);
    }
    this.#held = waiting;
  }
}
