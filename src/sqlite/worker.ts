/**
 * The writer's thread: parked in shared memory between ranges, so its event loop never runs; rare
 * calls are messages that it fetches after the same wake-up.
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { must } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import { type CallMessage, type MachinePlace, plainError, type WriterCalls } from './calls.ts';
import { Channel, type SharedChannel } from './channel.ts';
import { SqliteMachine } from './machine.ts';
import { decodeRange, encodeOutcome } from './range-codec.ts';

/** How long nothing must have come in before the write-ahead log is looked at. */
const IDLE_MS = 500;

/** Looking at the size of the write-ahead log costs as much as an entry: not after each. */
const LOOK_BYTES = 1_048_576;

/** Pages that even a small range writes. */
const RANGE_WEIGHT = 8_192;

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly channel: SharedChannel;
}

/** What the thread tells without being asked. */
export type WriterNotice =
  /** The database is open at this place. */
  | ({ readonly kind: 'opened' } & MachinePlace)
  /** Nothing more will be applied. */
  | { readonly kind: 'fatal'; readonly error: ReturnType<typeof plainError> }
  /** An outcome that did not fit into the shared memory, encoded. */
  | { readonly kind: 'outcome'; readonly bytes: Uint8Array };

const port = must(parentPort, () => 'The writer must be started as a worker');
const { path, channel: shared } = workerData as WriterData;
const channel = new Channel(shared);
const writer = new ByteWriter(65_536);
let bytesSinceLook = 0;

run();

function run(): void {
  let machine: SqliteMachine | null = null;
  try {
    machine = SqliteMachine.open(path);
    notify({ kind: 'opened', ...placeOf(machine) });
    serve(machine);
  } catch (cause) {
    notify({ kind: 'fatal', error: plainError(cause) });
  }
}

/** Works until it is closed; throws what must end the node. */
function serve(machine: SqliteMachine): void {
  for (;;) {
    const seen = channel.wakeUps();
    const request = channel.takeRequest(0);
    if (request !== null) {
      apply(machine, request);
      continue;
    }
    const received: { message: CallMessage<WriterCalls> } | undefined = receiveMessageOnPort(port);
    if (received !== undefined) {
      answer(machine, received.message);
      if (received.message.name === 'close') return;
      continue;
    }
    if (!channel.park(seen, IDLE_MS)) machine.idle();
  }
}

function apply(machine: SqliteMachine, request: Uint8Array): void {
  const bytes = encodeOutcome(writer, machine.apply(decodeRange(request)));
  // The doorbell: an empty message, everything else is in shared memory.
  if (channel.respond(0, bytes)) port.postMessage(null);
  else notify({ kind: 'outcome', bytes: bytes.slice() });
  bytesSinceLook += request.length + RANGE_WEIGHT;
  if (bytesSinceLook < LOOK_BYTES) return;
  bytesSinceLook = 0;
  machine.relieve();
}

function answer(machine: SqliteMachine, { id, name, argument }: CallMessage<WriterCalls>): void {
  const result = call(machine, name, argument);
  port.postMessage({ id, ok: true, result });
}

function call(machine: SqliteMachine, name: keyof WriterCalls, argument: unknown): unknown {
  switch (name) {
    case 'apply':
      return machine.apply(decodeRange(argument as Uint8Array));
    case 'persist':
      return machine.persist();
    case 'restore':
      machine.restoreFrom(argument as string);
      return placeOf(machine);
    case 'close':
      machine.close();
      return null;
  }
}

function placeOf({ applied, digest }: SqliteMachine): MachinePlace {
  return { applied, digest };
}

function notify(notice: WriterNotice): void {
  if (notice.kind === 'outcome') port.postMessage(notice, [notice.bytes.buffer as ArrayBuffer]);
  else port.postMessage(notice);
}
