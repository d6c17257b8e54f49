/** A reader's thread: parked in shared memory between batches, like the writer's. */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { must } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import { decodeBatch, encodeResults } from './batch-codec.ts';
import { Channel, type SharedChannel } from './channel.ts';
import { SqliteReader } from './reader.ts';

/** What the thread is started with. */
export interface ReaderData {
  readonly path: string;
  readonly channel: SharedChannel;
}

/** A batch that does not fit into the shared memory, to the reader; and `close`. */
export type ReaderMessage =
  | { readonly kind: 'batch'; readonly slot: number; readonly bytes: Uint8Array }
  | { readonly kind: 'close' };

/** From the reader: the slot whose results are in shared memory, or the results themselves. */
export type ReaderNotice =
  | number
  | { readonly kind: 'opened' }
  | { readonly kind: 'results'; readonly slot: number; readonly bytes: Uint8Array };

/** Memory for results is given back when one batch took more than this. */
const KEPT_BYTES_MAX = 4_194_304;

const port = must(parentPort, () => 'A reader must be started as a worker');
const { path, channel: shared } = workerData as ReaderData;
const channel = new Channel(shared);
const reader = new SqliteReader(path);
let writer = new ByteWriter(65_536);

notify({ kind: 'opened' });
serve();

function serve(): void {
  for (;;) {
    const seen = channel.wakeUps();
    let worked = false;
    for (let slot = 0; slot < shared.shape.slots; slot++) {
      const request = channel.takeRequest(slot);
      if (request === null) continue;
      answer(slot, request);
      worked = true;
    }
    const received: { message: ReaderMessage } | undefined = receiveMessageOnPort(port);
    if (received !== undefined) {
      const { message } = received;
      if (message.kind === 'close') break;
      answer(message.slot, message.bytes);
    } else if (!worked) channel.park(seen, Infinity);
  }
  reader.close();
}

function answer(slot: number, request: Uint8Array): void {
  const results = reader.run(decodeBatch(request), {
    enter: (position) => {
      channel.enter(slot, position);
    },
    isStopped: () => channel.isStopped(slot),
  });
  const bytes = encodeResults(writer, results);
  channel.rest();
  if (channel.respond(slot, bytes)) notify(slot);
  else notify({ kind: 'results', slot, bytes: bytes.slice() });
  if (bytes.length > KEPT_BYTES_MAX) writer = new ByteWriter(65_536);
}

function notify(notice: ReaderNotice): void {
  if (typeof notice === 'object' && notice.kind === 'results')
    port.postMessage(notice, [notice.bytes.buffer as ArrayBuffer]);
  else port.postMessage(notice);
}
