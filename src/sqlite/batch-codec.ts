/** Batches of reads and their results as bytes, for the way between two threads of one build. */

import { ByteReader, type ByteWriter } from '../base/bytes.ts';
import { decodeStatements } from '../command/decode.ts';
import type { ReaderRequest } from './reader.ts';

const NO_RESULT_LENGTH = 0xffffffff;

/** A request, its statements encoded (`encodeStatements`) by whoever took it in. */
export interface EncodedRequest {
  readonly format: number;
  readonly statements: Uint8Array;
}

/** Bytes that a request takes in a batch. */
export function requestBytes({ statements }: EncodedRequest): number {
  return 8 + statements.length;
}

/** A batch; valid until `writer` is used again. */
export function encodeBatch(writer: ByteWriter, requests: readonly EncodedRequest[]): Uint8Array {
  writer.reset();
  writer.u32(requests.length);
  for (const { format, statements } of requests)
    writer.u32(format).u32(statements.length).raw(statements);
  return writer.view();
}

/** What `encodeBatch` wrote. */
export function decodeBatch(bytes: Uint8Array): ReaderRequest[] {
  const reader = new ByteReader(bytes);
  const requests: ReaderRequest[] = [];
  const count = reader.u32();
  for (let at = 0; at < count; at++) {
    const format = reader.u32();
    const statements = decodeStatements(reader.raw(reader.u32()))?.statements ?? [];
    requests.push({ format, statements });
  }
  return requests;
}

/** Results; null where a request was given up. */
export function encodeResults(
  writer: ByteWriter,
  results: readonly (Uint8Array | null)[],
): Uint8Array {
  writer.reset();
  writer.u32(results.length);
  for (const result of results) {
    if (result === null) writer.u32(NO_RESULT_LENGTH);
    else writer.u32(result.length).raw(result);
  }
  return writer.view();
}

/** What `encodeResults` wrote; results are views of `bytes`. */
export function decodeResults(bytes: Uint8Array): (Uint8Array | null)[] {
  const reader = new ByteReader(bytes);
  const count = reader.u32();
  const results: (Uint8Array | null)[] = [];
  for (let at = 0; at < count; at++) {
    const length = reader.u32();
    results.push(length === NO_RESULT_LENGTH ? null : reader.raw(length));
  }
  return results;
}
