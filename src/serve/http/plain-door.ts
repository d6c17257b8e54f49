/**
 * Answers plain requests (`plain-head.ts`) straight from their sockets. A connection stays here as
 * long as each read brings one plain request, or the next part of its body. At the first byte of
 * anything else it is handed to Node's HTTP server for good, together with what was read and not
 * answered: so nothing that is not understood is ever answered here, and pipelined requests wait
 * for their turn there (`turns.ts`).
 */

import type { Socket } from 'node:net';

import type { BodyReader } from './body.ts';
import type { DataExchange } from './handler.ts';
import type { HttpLimits } from './limits.ts';
import { PlainConnection } from './plain-connection.ts';
import type { Turns } from './turns.ts';

/** What the door needs of the server it is part of. */
export interface PlainDoorOptions {
  readonly limits: HttpLimits;
  readonly turns: Turns;
  readonly bodies: BodyReader;
  readonly handle: (exchange: DataExchange) => void;
  /** Lets Node's HTTP server take the connection over; it has read nothing of it. */
  readonly takeOver: (socket: Socket) => void;
}

/** How often connections are looked at that rest or wait for the rest of a body. */
const LOOK_MS = 1_000;

/** All connections that are not Node's. */
export class PlainDoor {
  readonly #options: PlainDoorOptions;
  readonly #connections = new Set<PlainConnection>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PlainDoorOptions) {
    this.#options = options;
  }

  /** Begins to read a connection that was just accepted. */
  open(socket: Socket): void {
    const connection = new PlainConnection(socket, {
      ...this.#options,
      onGone: () => {
        this.#connections.delete(connection);
      },
    });
    this.#connections.add(connection);
    this.#timer ??= setInterval(() => {
      this.#look();
    }, LOOK_MS).unref();
  }

  /** Stops looking; connections end by themselves. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.look(now);
  }
}
