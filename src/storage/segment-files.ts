import { QuorliteError } from '../base/errors.ts';
import type { Disk } from './disk.ts';
import { RESTORE_OR_REJOIN } from './report.ts';
import {
  checkIdentity,
  decodeSegmentHeader,
  type Identity,
  isUnused,
  type OpenSegment,
  type SegmentHeader,
  segmentName,
  segmentSeq,
} from './segment.ts';

/** A segment as found at start. */
export interface SegmentFile {
  readonly name: string;
  readonly header: SegmentHeader;
}

/** The journal's files as found at start. */
export interface SegmentFiles {
  /** Hold frames, or bytes that should be frames; numbered without gaps, oldest first. */
  readonly used: readonly SegmentFile[];
  /** Never written to; numbered on from there. */
  readonly spares: readonly SegmentFile[];
}

/** Whether a directory holds segments at all. */
export function hasSegments(disk: Disk, directory: string): boolean {
  return disk.list(directory).some((name) => segmentSeq(name) !== null);
}

/**
 * Sorts the files of a journal's directory and removes what was never finished.
 *
 * @throws {QuorliteError} `corrupt` when a segment is missing, of another size, or has a damaged
 *   header; `wrong-version`, `wrong-incarnation`, `wrong-cluster`
 */
export function findSegments(disk: Disk, directory: string, identity: Identity): SegmentFiles {
  const seqs: number[] = [];
  for (const name of disk.list(directory)) {
    if (name.endsWith('.tmp')) disk.remove(`${directory}/${name}`);
    const seq = segmentSeq(name);
    if (seq !== null) seqs.push(seq);
  }
  seqs.sort((left, right) => left - right);
  const spares: SegmentFile[] = [];
  while (seqs.length > 0) {
    const name = segmentName(seqs.at(-1) ?? 0);
    const bytes = disk.readAll(`${directory}/${name}`);
    if (!isUnused(bytes)) break;
    const header = wholeHeader(bytes, seqs.pop() ?? 0);
    if (header === null) disk.remove(`${directory}/${name}`);
    else {
      checkIdentity(`${directory}/${name}`, header.identity, identity);
      spares.unshift({ name, header });
    }
  }
  const used = seqs.map((seq) => readUsed(disk, { directory, seq, identity }));
  checkNumbers(directory, used);
  return { used, spares: consecutiveSpares(disk, { directory, used, spares }) };
}

/** Opens a spare for writing. */
export function openSpare(disk: Disk, directory: string, spare: SegmentFile): OpenSegment {
  const { seq, bytes, salt } = spare.header;
  return { seq, bytes, salt, file: disk.open(`${directory}/${spare.name}`, 'existing') };
}

function readUsed(
  disk: Disk,
  place: { readonly directory: string; readonly seq: number; readonly identity: Identity },
): SegmentFile {
  const name = segmentName(place.seq);
  const path = `${place.directory}/${name}`;
  const bytes = disk.readAll(path);
  const header = decodeSegmentHeader(bytes);
  if (header === null || header.seq !== place.seq) {
    throw refuse(path, 'its header is damaged');
  }
  checkIdentity(path, header.identity, place.identity);
  if (header.bytes !== bytes.length) {
    throw refuse(path, `it has ${bytes.length} bytes and was made with ${header.bytes}`);
  }
  return { name, header };
}

function wholeHeader(bytes: Uint8Array, seq: number): SegmentHeader | null {
  const header = decodeSegmentHeader(bytes);
  return header !== null && header.seq === seq && header.bytes === bytes.length ? header : null;
}

function checkNumbers(directory: string, used: readonly SegmentFile[]): void {
  for (const [at, { header }] of used.entries()) {
    const expected = (used[0]?.header.seq ?? 0) + at;
    if (header.seq !== expected) {
      throw refuse(`${directory}/${segmentName(expected)}`, 'it is missing, and later ones exist');
    }
  }
}

/** Spares made for numbers that were then given to something else leave holes: those go. */
function consecutiveSpares(
  disk: Disk,
  found: {
    readonly directory: string;
    readonly used: readonly SegmentFile[];
    readonly spares: readonly SegmentFile[];
  },
): SegmentFile[] {
  const lastUsed = found.used.at(-1)?.header.seq ?? null;
  let expected = lastUsed === null ? (found.spares[0]?.header.seq ?? 1) : lastUsed + 1;
  const kept: SegmentFile[] = [];
  for (const spare of found.spares) {
    if (spare.header.seq === expected) {
      kept.push(spare);
      expected++;
    } else disk.remove(`${found.directory}/${spare.name}`);
  }
  return kept;
}

function refuse(path: string, what: string): QuorliteError {
  return new QuorliteError(
    'corrupt',
    `Cannot read journal segment ${path}: ${what}, which no crash can do. ${RESTORE_OR_REJOIN}`,
  );
}
