import { assert } from '../base/assert.ts';
import { QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import { conclude, type Conclusion, type RecoveredGroup } from './conclude.ts';
import { writeChange, writeCheckpoint, writeMoved } from './encode.ts';
import { FrameWriter } from './frame-writer.ts';
import type { JournalOptions } from './journal-options.ts';
import type { Change, Ledger } from './ledger.ts';
import { MetaFile } from './meta.ts';
import { type Recovered, recover } from './recover.ts';
import { type Finding, type RecoveryReport, RESTORE_OR_REJOIN } from './report.ts';
import { findSegments, hasSegments, openSpare, type SegmentFiles } from './segment-files.ts';
import {
  type OpenSegment,
  SEGMENT_BYTES_MIN,
  SEGMENT_BYTES_UNIT,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from './segment.ts';
import { Spares } from './spares.ts';

/** A journal that was recovered and can be written to. */
export interface OpenedJournal {
  readonly ledger: Ledger;
  readonly meta: MetaFile;
  readonly spares: Spares;
  readonly active: OpenSegment;
  readonly tail: number;
  readonly lastSeq: number;
  readonly chain: number;
  readonly groups: Map<GroupId, RecoveredGroup>;
  readonly report: RecoveryReport;
}

/** Recovers a journal and starts a new segment with what it must begin with, durable on return. */
export function openJournal(options: JournalOptions): OpenedJournal {
  const { disk, directory, segmentBytes } = options;
  assert(
    segmentBytes >= SEGMENT_BYTES_MIN && segmentBytes % SEGMENT_BYTES_UNIT === 0,
    () => `segmentBytes ${segmentBytes} is not a multiple of ${SEGMENT_BYTES_UNIT}, at least 8192`,
  );
  disk.makeDirectory(directory);
  const meta = openMeta(options);
  try {
    // A process that was killed may have left names that only the cache of the system knows.
    disk.syncDirectory(directory);
    const files = findSegments(disk, directory, options.identity);
    checkNewest(options, meta, files);
    const newSegment = nextSegment(files);
    const durableHint = meta.meta.durableSeq;
    const recovered = recover({ disk, directory, used: files.used, newSegment, durableHint });
    const conclusion = conclude(recovered, meta.meta);
    const started = startSegment(options, { files, newSegment, recovered, conclusion, meta });
    const report = reportOf(options, { files, recovered, meta });
    const { ledger } = recovered.replay;
    return { ...started, ledger, meta, groups: conclusion.groups, report };
  } catch (error) {
    meta.close();
    throw error;
  }
}

function openMeta({ disk, directory, metaPath, identity }: JournalOptions): MetaFile {
  if (disk.exists(metaPath)) return MetaFile.open(disk, metaPath, identity);
  if (hasSegments(disk, directory)) {
    throw new QuorliteError(
      'corrupt',
      `Cannot open the journal: ${metaPath} is missing and ${directory} has segments, so the ` +
        `terms and votes of this node are unknown. ${RESTORE_OR_REJOIN}`,
    );
  }
  return MetaFile.create(disk, metaPath, identity);
}

/** Meta names the newest segment that was written to. */
function checkNewest({ directory }: JournalOptions, meta: MetaFile, files: SegmentFiles): void {
  const { segment } = meta.meta;
  const newest = files.spares.at(-1) ?? files.used.at(-1);
  if (segment > (newest?.header.seq ?? 0)) {
    throw new QuorliteError(
      'corrupt',
      `Cannot open the journal: ${directory}/${segmentName(segment)} is missing, it was the ` +
        `newest segment. ${RESTORE_OR_REJOIN}`,
    );
  }
}

function nextSegment({ used, spares }: SegmentFiles): number {
  const lastUsed = used.at(-1)?.header.seq;
  return lastUsed === undefined ? (spares[0]?.header.seq ?? 1) : lastUsed + 1;
}

interface Parts {
  readonly files: SegmentFiles;
  readonly newSegment: number;
  readonly recovered: Recovered;
  readonly conclusion: Conclusion;
  readonly meta: MetaFile;
}

function startSegment(
  options: JournalOptions,
  parts: Parts,
): Pick<OpenedJournal, 'spares' | 'active' | 'tail' | 'lastSeq' | 'chain'> {
  const { disk, directory, identity } = options;
  const { recovered, conclusion, meta } = parts;
  const { ledger } = recovered.replay;
  const writer = new FrameWriter();
  writeCheckpoint(writer, recovered.checkpoint);
  for (const moved of recovered.moved) writeMoved(writer, moved);
  const changes: Change[] = [];
  for (const repair of conclusion.repairs) writeChange(writer, repair, changes);

  const spares = new Spares({ ...options, count: options.spares }, identity, parts.newSegment);
  for (const spare of parts.files.spares) spares.adopt(openSpare(disk, directory, spare));
  try {
    const active = spares.take(SEGMENT_HEADER_BYTES + writer.sealedBytes);
    const sealed = writer.seal({
      salt: active.salt,
      offset: SEGMENT_HEADER_BYTES,
      flushOffset: SEGMENT_HEADER_BYTES,
      seq: recovered.nextSeq,
      durableSeq: recovered.checkpoint.previousEnd,
      chain: recovered.chain,
      last: true,
    });
    active.file.write(sealed.bytes, SEGMENT_HEADER_BYTES);
    active.file.sync();
    ledger.addSegment(active.seq, active.bytes);
    for (const change of changes) ledger.apply(change, active.seq);
    const { lastSeq, chain } = sealed;
    const groups = ledger.summaries();
    meta.save({ identity, segment: active.seq, durableSeq: lastSeq, groups });
    meta.sync();
    const tail = SEGMENT_HEADER_BYTES + sealed.bytes.length;
    return { spares, active, tail, lastSeq, chain };
  } catch (error) {
    spares.stop();
    throw error;
  }
}

function reportOf(
  { metaPath }: JournalOptions,
  { files, recovered, meta }: Pick<Parts, 'files' | 'recovered' | 'meta'>,
): RecoveryReport {
  const findings: Finding[] = [...recovered.findings];
  if (meta.damagedSlots > 0) {
    findings.push({
      verdict: 'harmless',
      file: metaPath,
      from: 0,
      to: 0,
      message:
        'one of two copies is damaged, by a crash while it was written or later; the other is used',
      advice: '',
    });
  }
  return {
    segments: files.used.length,
    frames: recovered.frames,
    durableSeq: recovered.durableSeq,
    framesMoved: recovered.moved.length,
    findings,
    unknownGroups: recovered.lossy,
  };
}
