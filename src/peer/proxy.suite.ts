import { type Server, type Socket, connect, createServer } from 'node:net';

import type { Address } from '../base/ids.ts';
import { formatAddress, parseAddress } from './address.ts';

/** The two sockets of one connection through a proxy. */
interface Ends {
  readonly dialler: Socket;
  readonly target: Socket;
}

/** A wire that tests can cut, clog and damage, between diallers and one address. */
export class Proxy {
  readonly #server: Server;
  readonly #ends = new Set<Ends>();
  readonly #target: Address;
  #address: Address = '';
  /** Bytes that go through, as they go. */
  change: (chunk: Buffer) => Buffer = (chunk) => chunk;

  constructor(target: Address) {
    this.#target = target;
    this.#server = createServer((dialler) => this.#onSocket(dialler));
  }

  get address(): Address {
    return this.#address;
  }

  get connections(): number {
    return this.#ends.size;
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const bound = this.#server.address();
        const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
        this.#address = formatAddress({ host: '127.0.0.1', port });
        resolve();
      });
    });
  }

  /** Nothing goes through, and nobody is told. */
  clog(): void {
    for (const { dialler, target } of this.#ends) {
      dialler.pause();
      target.pause();
    }
  }

  /** What waited goes through. */
  unclog(): void {
    for (const { dialler, target } of this.#ends) {
      dialler.resume();
      target.resume();
    }
  }

  /** Resets the connection of that number, counted from the oldest. */
  cut(nth: number): void {
    const ends = [...this.#ends][nth];
    ends?.dialler.resetAndDestroy();
    ends?.target.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { dialler, target } of this.#ends) {
      dialler.destroy();
      target.destroy();
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #onSocket(dialler: Socket): void {
    const target = connect(parseAddress(this.#target) ?? { host: '', port: 0 });
    const ends = { dialler, target };
    this.#ends.add(ends);
    const wire = (from: Socket, to: Socket): void => {
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!to.write(this.change(chunk))) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.#ends.delete(ends);
      });
    };
    wire(dialler, target);
    wire(target, dialler);
  }
}
