/**
 * Recovery: classify, do not guess (protocol.md 2.6).
 *
 * Every frame says up to which frame everything was durable when it was written; the highest of
 * these (and of meta's hint) is D. A frame up to D that is damaged or missing was acknowledged:
 * corrupt. After D nothing proves an acknowledgement, and the first damaged frame ends the journal:
 * torn when a sector it needs was never written, which is all a crash can do; else ambiguous.
 *
 * Whole frames after D may live in the page cache only (a sync may have failed before): they are
 * repeated in a new segment and synced there before anybody hears of them. Segments that were open
 * at a crash are never written again.
 */
import type { Disk } from './disk.ts';
import { type Frame, FRAME_HEADER_BYTES, readPayload } from './frame.ts';
import { Ledger } from './ledger.ts';
import { type Checkpoint, decodeCheckpoint } from './record.ts';
import { Replay } from './replay.ts';
import { ADVICE_REPAIR, type Finding, type Verdict } from './report.ts';
import {
  type Damage,
  firstGroupIsWhole,
  isWhole,
  type Piece,
  type Scan,
  scanSegment,
} from './scan.ts';
import type { SegmentFile } from './segment-files.ts';

/** A frame to repeat in the new segment. */
export interface MovedFrame {
  readonly frame: Frame;
  readonly payload: Uint8Array;
}

/** What the segments say. */
export interface Recovered {
  readonly replay: Replay;
  /** State before the frames that are moved. */
  readonly checkpoint: Checkpoint;
  readonly moved: readonly MovedFrame[];
  /** frameSeq after every frame ever seen. */
  readonly nextSeq: number;
  /** Header checksum of the last frame that counts, when the checkpoint follows it directly. */
  readonly chain: number;
  readonly frames: number;
  readonly durableSeq: number;
  readonly findings: readonly Finding[];
  /** Not null when acknowledged frames are lost whose group is not known. */
  readonly lossy: string | null;
}

/** What recovery reads. */
export interface RecoverOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly used: readonly SegmentFile[];
  /** The segment that frames after D will be moved to. */
  readonly newSegment: number;
  /** Meta's hint: everything up to this frame was durable. */
  readonly durableHint: number;
}

/** Reads the segments, oldest first. Throws only on what no verdict covers. */
export function recover(options: RecoverOptions): Recovered {
  const survey = surveySegments(options);
  const recovery = new Recovery(options, survey);
  return recovery.run();
}

interface Survey {
  /** D. */
  readonly durableSeq: number;
  readonly highestSeq: number;
  /** By segment: frames after this one are repeated in a later segment. */
  readonly limits: readonly number[];
  /** Segments of which nothing counts: a recovery that was cut short began them. */
  readonly voids: ReadonlySet<number>;
}

function surveySegments({ disk, directory, used, durableHint }: RecoverOptions): Survey {
  let durableSeq = durableHint;
  let highestSeq = durableHint;
  const limits: number[] = [];
  const voids = new Set<number>();
  for (const { name, header } of used) {
    const bytes = disk.readAll(`${directory}/${name}`);
    const scan = scanSegment(bytes, header.salt);
    for (const piece of scan.pieces) {
      if (piece.kind === 'damage') continue;
      durableSeq = Math.max(durableSeq, piece.frame.durableSeq);
      highestSeq = Math.max(highestSeq, piece.frame.seq);
    }
    const start = wholeCheckpoint(bytes, scan);
    if (start !== null) {
      const { previousEnd: limit, previousSegment } = start.checkpoint;
      for (const { header: older } of used) {
        if (older.seq > previousSegment && older.seq < header.seq) voids.add(older.seq);
      }
      for (let at = 0; at < limits.length; at++) limits[at] = Math.min(limits[at] ?? 0, limit);
    }
    limits.push(Number.POSITIVE_INFINITY);
  }
  return { durableSeq, highestSeq, limits, voids };
}

/** The checkpoint at the start of a segment, when its flush group is whole. */
function wholeCheckpoint(
  bytes: Uint8Array,
  scan: Scan,
): { readonly seq: number; readonly checkpoint: Checkpoint } | null {
  const first = scan.pieces[0];
  if (first?.kind !== 'frame' || first.frame.kind !== 'checkpoint') return null;
  if (!firstGroupIsWhole(scan)) return null;
  const checkpoint = decodeCheckpoint(readPayload(bytes, first.frame));
  return { seq: first.frame.seq, checkpoint };
}

/** A place in a segment. */
interface Place {
  readonly at: number;
  readonly file: string;
  readonly segment: number;
  readonly bytes: Uint8Array;
}

class Recovery {
  readonly #options: RecoverOptions;
  readonly #survey: Survey;
  readonly #replay = new Replay(new Ledger());
  readonly #findings: Finding[] = [];
  readonly #moved: MovedFrame[] = [];
  #checkpoint: Checkpoint | null = null;
  /** The last frame that counts. */
  #lastSeq = 0;
  #lastCrc = 0;
  #lastSegment = 0;
  /** No segment before this one counts. */
  #oldest = true;
  #frames = 0;
  /** Set once the end of the journal was found. */
  #cut = false;
  #lossy: string | null = null;
  /** Damage whose cost is known when the next frame is seen. */
  #pending: { readonly damage: Damage; readonly file: string } | null = null;

  constructor(options: RecoverOptions, survey: Survey) {
    this.#options = options;
    this.#survey = survey;
  }

  run(): Recovered {
    const { disk, directory, used, newSegment } = this.#options;
    const { ledger } = this.#replay;
    for (const { header } of used) ledger.addSegment(header.seq, header.bytes);
    ledger.addSegment(newSegment, 0);
    for (const [at, { name, header }] of used.entries()) {
      if (this.#cut) break;
      if (this.#survey.voids.has(header.seq)) continue;
      const file = `${directory}/${name}`;
      const bytes = disk.readAll(file);
      const scan = scanSegment(bytes, header.salt);
      this.#segment(scan, { at, file, segment: header.seq, bytes });
    }
    if (!this.#cut) this.#end();
    const { durableSeq, highestSeq } = this.#survey;
    const checkpoint = this.#checkpoint ?? this.#takeCheckpoint();
    const contiguous = checkpoint.previousEnd === highestSeq;
    return {
      replay: this.#replay,
      checkpoint,
      moved: this.#moved,
      nextSeq: highestSeq + 1,
      chain: contiguous ? this.#lastCrc : 0,
      frames: this.#frames,
      durableSeq,
      findings: this.#findings,
      lossy: this.#lossy,
    };
  }

  #segment(scan: Scan, place: Place): void {
    const limit = this.#survey.limits[place.at] ?? 0;
    for (const [at, piece] of scan.pieces.entries()) {
      if (this.#cut) return;
      if (piece.kind === 'damage') {
        this.#pending ??= { damage: piece.damage, file: place.file };
        continue;
      }
      if (piece.frame.seq > limit) continue;
      if (at === 0 && piece.frame.kind === 'checkpoint') this.#start(scan, piece, place);
      else if (piece.frame.seq !== this.#lastSeq + 1) this.#gap(piece.frame.seq, place);
      else this.#harmless();
      if (!this.#cut) this.#frame(piece, place);
    }
    this.#oldest = false;
    // What is damaged behind the limit was repeated elsewhere.
    if (this.#lastSeq >= limit) this.#pending = null;
  }

  /** The first frame of a segment: older ones count up to `previousEnd`. */
  #start(scan: Scan, piece: Exclude<Piece, { kind: 'damage' }>, place: Place): void {
    const { frame } = piece;
    // Lost with the checkpoint in one unfinished flush: `frame` says so.
    if (piece.kind === 'bad-payload' && frame.seq > this.#survey.durableSeq) return;
    let previousEnd = frame.seq - 1;
    if (piece.kind === 'frame') {
      previousEnd = decodeCheckpoint(readPayload(place.bytes, frame)).previousEnd;
    }
    if (this.#oldest && piece.kind === 'frame') this.#lastSeq = previousEnd;
    const repeats = previousEnd < frame.seq - 1;
    if (repeats && !firstGroupIsWhole(scan) && frame.seq > this.#survey.durableSeq) {
      // A recovery that was cut short: what it was to repeat still stands in the older segment.
      this.#incompleteStart(scan, place);
    } else if (this.#lastSeq < previousEnd) this.#gap(previousEnd + 1, place);
    else this.#harmless();
  }

  #incompleteStart(scan: Scan, place: Place): void {
    const { pieces } = scan;
    const broken = pieces.find((piece) => !isWhole(piece));
    const torn =
      broken === undefined ||
      (broken.kind === 'damage'
        ? broken.damage.torn
        : broken.kind === 'bad-payload' && broken.torn);
    this.#cutHere(torn, { file: place.file, from: 0, to: scan.end });
  }

  #frame(piece: Exclude<Piece, { kind: 'damage' }>, place: Place): void {
    const { frame } = piece;
    const proven = frame.seq <= this.#survey.durableSeq;
    const to = frame.offset + FRAME_HEADER_BYTES + frame.length;
    const where = { file: place.file, from: frame.offset, to };
    if (piece.kind === 'bad-payload' && !isWhole(piece) && !proven) {
      this.#cutHere(piece.torn, where);
      return;
    }
    if (!proven) this.#checkpoint ??= this.#takeCheckpoint();
    this.#lastSeq = frame.seq;
    this.#lastCrc = frame.crc;
    this.#lastSegment = place.segment;
    this.#frames++;
    if (proven) this.#replay.ledger.setEnd(place.segment, frame.seq);
    if (frame.kind === 'pad') {
      if (piece.kind !== 'frame') this.#find('harmless', where, `filler is damaged, no more`);
      return;
    }
    if (piece.kind === 'bad-payload') {
      const cost = this.#replay.lose(frame, place.segment);
      this.#find('corrupt', where, `frame ${frame.seq} is damaged: lost is ${cost}`);
      if (this.#oldest && frame.kind === 'checkpoint') this.#lose('the oldest checkpoint');
      return;
    }
    const payload = readPayload(place.bytes, frame);
    const segment = proven ? place.segment : this.#options.newSegment;
    this.#replay.apply(frame, payload, segment);
    if (!proven && isMoved(frame)) this.#moved.push({ frame, payload });
  }

  /** Frames from the last one up to (not including) `nextSeq` are not there. */
  #gap(nextSeq: number, place: Place): void {
    const from = this.#lastSeq + 1;
    const damage = this.#pending?.damage ?? null;
    const where = {
      file: this.#pending?.file ?? place.file,
      from: damage?.from ?? 0,
      to: damage?.to ?? 0,
    };
    this.#pending = null;
    if (from > this.#survey.durableSeq) {
      this.#cutHere(damage?.torn ?? false, where);
      return;
    }
    const message = `frames ${from} to ${nextSeq - 1} are damaged beyond recognition`;
    this.#find('corrupt', where, message);
    this.#lose(message);
  }

  /** The end of the last segment. */
  #end(): void {
    const { durableSeq } = this.#survey;
    const pending = this.#pending;
    const file = pending?.file ?? this.#options.directory;
    const where = { file, from: pending?.damage.from ?? 0, to: pending?.damage.to ?? 0 };
    if (this.#lastSeq < durableSeq) {
      const message = `frames ${this.#lastSeq + 1} to ${durableSeq} were durable and are gone`;
      this.#find('corrupt', where, message);
      this.#lose(message);
    } else if (pending !== null) this.#cutHere(pending.damage.torn, where);
  }

  #harmless(): void {
    if (this.#pending === null) return;
    const { damage, file } = this.#pending;
    this.#pending = null;
    const where = { file, from: damage.from, to: damage.to };
    this.#find('harmless', where, 'bytes behind the last frame are not zero; no frame is missing');
  }

  /** The journal ends here: nothing after this was acknowledged, or so it seems. */
  #cutHere(torn: boolean, where: Pick<Finding, 'file' | 'from' | 'to'>): void {
    this.#cut = true;
    const after = `after frame ${this.#lastSeq}`;
    if (torn) {
      this.#find('torn', where, `the last writes ${after} were cut off by a crash before a sync`);
      return;
    }
    const message = `what was written ${after} is damaged in a way that no crash explains`;
    this.#find('ambiguous', where, `${message}: it may have been acknowledged`);
    this.#lose(message);
  }

  #lose(message: string): void {
    this.#lossy ??= message;
  }

  #find(verdict: Verdict, where: Pick<Finding, 'file' | 'from' | 'to'>, message: string): void {
    const advice = verdict === 'corrupt' || verdict === 'ambiguous' ? ADVICE_REPAIR : '';
    this.#findings.push({ verdict, ...where, message, advice });
  }

  #takeCheckpoint(): Checkpoint {
    return {
      previousEnd: this.#lastSeq,
      previousSegment: this.#lastSegment,
      groups: this.#replay.ledger.summaries(),
    };
  }
}

/** Pads and marks stand for nothing that the new segment's own do not say. */
function isMoved({ kind }: Frame): boolean {
  return kind !== 'pad' && kind !== 'durable-mark' && kind !== 'checkpoint';
}
