/**
 * Work on the content that takes long and must not hold up the writer: hashes and copies. Each has
 * a connection with a read transaction of its own, so it sees one state however long it takes.
 */

import { parentPort, workerData } from 'node:worker_threads';

import { assert, must } from '../base/assert.ts';
import { type AuxiliaryCalls, type CallMessage, plainError } from './calls.ts';
import { hashingSteps } from './content-hash.ts';
import { backup, type Connection, openPlain, openReader } from './driver.ts';
import { publishFile, removeDatabase } from './files.ts';
import { readState } from './state.ts';

/** What the thread is started with. */
export interface AuxiliaryData {
  readonly path: string;
}

/** A hash that was asked for is known, or will never be. */
export interface HashNotice {
  readonly kind: 'hash';
  readonly index: number;
  readonly hash: string | null;
  readonly error: string | null;
}

const port = must(parentPort, () => 'The auxiliary worker must be started as a worker');
const { path } = workerData as AuxiliaryData;

port.on('message', (message: CallMessage<AuxiliaryCalls>) => {
  void answer(message);
});

async function answer({ id, name, argument }: CallMessage<AuxiliaryCalls>): Promise<void> {
  try {
    port.postMessage({ id, ok: true, result: await call(name, argument) });
  } catch (cause) {
    port.postMessage({ id, ok: false, error: plainError(cause) });
  }
}

async function call(name: keyof AuxiliaryCalls, argument: unknown): Promise<unknown> {
  switch (name) {
    case 'pin':
      pin(argument as number);
      return null;
    case 'snapshot':
      return await snapshot(argument as string);
  }
}

/** A connection that sees the content as it is now until it is released. */
function hold(): { readonly connection: Connection; readonly index: number } {
  const connection = openReader(path);
  connection.exec('BEGIN');
  // The transaction begins with the first read.
  return { connection, index: readState(connection).applied };
}

function pin(index: number): void {
  const { connection, index: found } = hold();
  assert(found === index, () => `Cannot hash the content at ${index}: it is at ${found}`);
  void hash(connection, index);
}

async function hash(connection: Connection, index: number): Promise<void> {
  let notice: HashNotice;
  try {
    const steps = hashingSteps(connection);
    let step = steps.next();
    while (step.done !== true) {
      // Let calls in: another hash may have to be pinned at its own index.
      await new Promise(setImmediate);
      step = steps.next();
    }
    notice = { kind: 'hash', index, hash: step.value.hash, error: null };
  } catch (cause) {
    notice = { kind: 'hash', index, hash: null, error: plainError(cause).message };
  }
  connection.close();
  port.postMessage(notice);
}

/**
 * Copies page by page: VACUUM INTO would give rowids anew where no column is their alias. The copy
 * is made self-contained, since nobody will bring its `-wal` along.
 */
async function snapshot(to: string): Promise<AuxiliaryCalls['snapshot']['result']> {
  const partial = `${to}.partial`;
  removeDatabase(partial);
  try {
    const index = await copyTo(partial);
    return { index, bytes: publishFile(partial, to) };
  } catch (cause) {
    // As large as the database, and there may be no space as it is.
    removeDatabase(partial);
    throw cause;
  }
}

/** Makes the copy; returns its index. */
async function copyTo(file: string): Promise<number> {
  const { connection } = hold();
  try {
    await backup(connection, file);
  } finally {
    connection.close();
  }
  const copy = openPlain(file);
  try {
    copy.exec('PRAGMA journal_mode=DELETE');
    return readState(copy).applied;
  } finally {
    copy.close();
  }
}
