/** A range and its outcome as bytes, for the way between two threads of one build. */

import { ByteReader, type ByteWriter } from '../base/bytes.ts';
import type { MachineRange } from './machine.ts';
import type { MachineEntry, RangeOutcome } from './range-run.ts';

const NO_RESULT_LENGTH = 0xffffffff;

/** A range; valid until `writer` is used again. */
export function encodeRange(writer: ByteWriter, range: MachineRange): Uint8Array {
  const { entries, formats, through } = range;
  writer.reset();
  writer.u53(through).u32(entries.length);
  entries.forEach(({ index, data }, at) => {
    writer
      .u53(index)
      .u32(formats[at] ?? 0)
      .u32(data.length)
      .raw(data);
  });
  return writer.view();
}

/** What `encodeRange` wrote; entries are views of `bytes`. */
export function decodeRange(bytes: Uint8Array): MachineRange {
  const reader = new ByteReader(bytes);
  const through = reader.u53();
  const count = reader.u32();
  const entries: MachineEntry[] = [];
  const formats: number[] = [];
  for (let at = 0; at < count; at++) {
    const index = reader.u53();
    formats.push(reader.u32());
    entries.push({ index, data: reader.raw(reader.u32()) });
  }
  return { entries, formats, through };
}

/** An outcome; valid until `writer` is used again. */
export function encodeOutcome(writer: ByteWriter, outcome: RangeOutcome): Uint8Array {
  writer.reset();
  writer.u32(outcome.results.length);
  outcome.results.forEach((result, at) => {
    writer.u32(outcome.digests[at] ?? 0);
    if (result === null) writer.u32(NO_RESULT_LENGTH);
    else writer.u32(result.length).raw(result);
  });
  return writer.view();
}

/** What `encodeOutcome` wrote; results are views of `bytes`. */
export function decodeOutcome(bytes: Uint8Array): RangeOutcome {
  const reader = new ByteReader(bytes);
  const count = reader.u32();
  const results: (Uint8Array | null)[] = [];
  const digests: number[] = [];
  for (let at = 0; at < count; at++) {
    digests.push(reader.u32());
    const length = reader.u32();
    results.push(length === NO_RESULT_LENGTH ? null : reader.raw(length));
  }
  return { results, digests };
}
