import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

/** A bare socket that speaks what a test writes, and reads whole answers. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async connect(address: string): Promise<RawClient> {
    const [host, port] = address.split(':');
    const socket = connect({ host: host ?? '', port: Number(port), allowHalfOpen: true });
    socket.on('end', () => socket.end());
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** The next answer, head and body; what there is when the connection closes before its end. */
  async answer(options: { readonly head?: boolean } = {}): Promise<string> {
    for (;;) {
      const end = this.#endOfAnswer(options.head === true);
      if (end !== null || this.#ended) {
        const answer = this.#received.subarray(0, end ?? this.#received.length);
        this.#received = this.#received.subarray(answer.length);
        return answer.toString('utf8');
      }
      await this.#more();
    }
  }

  /** Resolves when the server closed the connection. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }

  #endOfAnswer(headOnly: boolean): number | null {
    const head = this.#received.indexOf('\r\n\r\n');
    if (head < 0) return null;
    const fields = this.#received.toString('latin1', 0, head);
    const length = headOnly ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(fields)?.[1] ?? 0);
    const end = head + 4 + length;
    return this.#received.length >= end ? end : null;
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }
}
