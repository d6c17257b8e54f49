/**
 * `meta`: what must not be lost even when the newest frames are damaged. Two slots of 4 KiB,
 * written in turn, so that one is always whole; the valid one with the higher version counts.
 *
 * A slot is written and synced after the journal's frame of a new term or vote and before anything
 * is answered in that term (protocol.md 2.8): a node whose journal is damaged still never goes back
 * to an older term.
 */
import { ByteReader, ByteWriter, equalBytes } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import type { HardState } from '../raft/entry.ts';
import { checksum } from './crc.ts';
import type { Disk, DiskFile, SyncDone } from './disk.ts';
import { parentOf } from './replace-file.ts';
import { RESTORE_OR_REJOIN } from './report.ts';
import { checkIdentity, type Identity } from './segment.ts';

/** A slot; the file has two. */
export const META_SLOT_BYTES = 4096;
/** Format of a slot. */
export const META_VERSION = 1;

const MAGIC = Uint8Array.from([0x71, 0x75, 0x6f, 0x72, 0x6c, 0x6d, 0x65, 0x74]); // quorlmet
const CRC_AT = META_SLOT_BYTES - 4;

/** The term and vote of a group. */
export interface MetaGroup {
  readonly group: GroupId;
  readonly hardState: HardState;
}

/** What a slot says. */
export interface Meta {
  /** +1 with each slot written. */
  readonly version: number;
  readonly identity: Identity;
  /** Newest segment that has frames: it must exist. */
  readonly segment: number;
  /** Every frame up to this one was durable. */
  readonly durableSeq: number;
  readonly groups: readonly MetaGroup[];
  /** False when there was no room for all groups (about a hundred fit): the first are here. */
  readonly complete: boolean;
}

/** A slot as it stands, or why it does not count. */
export type Slot =
  | { readonly kind: 'valid'; readonly meta: Meta }
  | { readonly kind: 'empty' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'newer'; readonly format: number };

/** The file `meta`. */
export class MetaFile {
  readonly #file: DiskFile;
  #meta: Meta;
  /** Slots that were not empty and not valid when the file was opened. */
  readonly damagedSlots: number;

  /** Use `create` or `open`. */
  constructor(file: DiskFile, meta: Meta, damagedSlots: number) {
    this.#file = file;
    this.#meta = meta;
    this.damagedSlots = damagedSlots;
  }

  /** What was written last. */
  get meta(): Meta {
    return this.#meta;
  }

  /** Makes the file of a new data directory, durable. */
  static create(disk: Disk, path: string, identity: Identity): MetaFile {
    const temporary = `${path}.tmp`;
    if (disk.exists(temporary)) disk.remove(temporary);
    const file = disk.open(temporary, 'create');
    const meta: Meta = {
      version: 1,
      identity,
      segment: 0,
      durableSeq: 0,
      groups: [],
      complete: true,
    };
    // The second half of the file comes into being with the first write to it.
    file.write(new Uint8Array(META_SLOT_BYTES), META_SLOT_BYTES);
    file.write(new Uint8Array(META_SLOT_BYTES), 0);
    const created = new MetaFile(file, meta, 0);
    created.#write(meta);
    file.sync();
    disk.rename(temporary, path);
    disk.syncDirectory(parentOf(path));
    return created;
  }

  /**
   * Reads the file, checks whose it is, and makes what it read durable. A process that was killed
   * may have left the newest slot in the page cache: if the other one were written then, a power
   * loss could tear both. It is written again because a sync may have failed before, and the next
   * one would tell nothing. Where it was durable, the same bytes in the same place cannot harm it.
   *
   * @throws {QuorliteError} `corrupt` when neither slot counts, `wrong-version`,
   *   `wrong-incarnation`, `wrong-cluster`
   */
  static open(disk: Disk, path: string, identity: Identity): MetaFile {
    const bytes = disk.readAll(path);
    const slots = [0, 1].map((at) =>
      decodeSlot(bytes.subarray(at * META_SLOT_BYTES, (at + 1) * META_SLOT_BYTES)),
    );
    const newer = slots.find((slot) => slot.kind === 'newer');
    if (newer?.kind === 'newer') {
      throw new QuorliteError(
        'wrong-version',
        `Cannot read ${path}: it has format ${newer.format}, this quorlite reads ${META_VERSION}`,
      );
    }
    let meta: Meta | null = null;
    for (const slot of slots) {
      if (slot.kind === 'valid' && slot.meta.version > (meta?.version ?? 0)) meta = slot.meta;
    }
    if (meta === null) {
      throw new QuorliteError(
        'corrupt',
        `Cannot read ${path}: both copies are damaged, so the terms and votes of this node are ` +
          'unknown. ' +
          RESTORE_OR_REJOIN,
      );
    }
    checkIdentity(path, meta.identity, identity);
    const damaged = slots.filter((slot) => slot.kind === 'damaged').length;
    disk.syncDirectory(parentOf(path));
    const file = disk.open(path, 'existing');
    try {
      const at = slotOffset(meta.version);
      file.write(bytes.subarray(at, at + META_SLOT_BYTES), at);
      file.sync();
    } catch (error) {
      file.close();
      throw error;
    }
    return new MetaFile(file, meta, damaged);
  }

  /** Writes the next slot; it counts once it was synced. Slots are never written before that. */
  save(fields: Pick<Meta, 'identity' | 'segment' | 'durableSeq' | 'groups'>): void {
    this.#write({ ...fields, version: this.#meta.version + 1, complete: true });
  }

  sync(): void {
    this.#file.sync();
  }

  syncSoon(done: SyncDone): void {
    this.#file.syncSoon(done);
  }

  close(): void {
    this.#file.close();
  }

  #write(meta: Meta): void {
    const { bytes, groups } = encodeSlot(meta);
    const complete = groups === meta.groups.length;
    this.#meta = { ...meta, groups: meta.groups.slice(0, groups), complete };
    this.#file.write(bytes, slotOffset(meta.version));
  }
}

function slotOffset(version: number): number {
  return (version % 2) * META_SLOT_BYTES;
}

/** A slot's bytes, with as many groups as fit. */
export function encodeSlot(meta: Meta): { readonly bytes: Uint8Array; readonly groups: number } {
  // Few names, many groups: a vote is the number of a name.
  const names: string[] = [];
  const list = new ByteWriter(META_SLOT_BYTES);
  const nameBytes = new ByteWriter(META_SLOT_BYTES);
  const head = new ByteWriter(META_SLOT_BYTES);
  head.raw(MAGIC).u32(META_VERSION).u53(meta.version).u53(meta.segment).u53(meta.durableSeq);
  head
    .text(meta.identity.node)
    .text(meta.identity.incarnation)
    .text(meta.identity.cluster ?? '');
  // Flag, counts and checksum.
  const room = CRC_AT - head.length - 17;
  let groups = 0;
  for (const { group, hardState } of meta.groups) {
    const { term, vote } = hardState;
    const mark = [list.length, nameBytes.length, names.length] as const;
    if (vote !== null && !names.includes(vote)) {
      names.push(vote);
      nameBytes.text(vote);
    }
    list
      .varint(group)
      .varint(term)
      .varint(vote === null ? 0 : names.indexOf(vote) + 1);
    if (list.length + nameBytes.length > room) {
      return assemble(head, {
        list: list.view().subarray(0, mark[0]),
        names: names.slice(0, mark[2]),
        groups,
        complete: false,
      });
    }
    groups++;
  }
  return assemble(head, { list: list.view(), names, groups, complete: true });
}

function assemble(
  head: ByteWriter,
  parts: {
    readonly list: Uint8Array;
    readonly names: readonly string[];
    readonly groups: number;
    readonly complete: boolean;
  },
): { readonly bytes: Uint8Array; readonly groups: number } {
  head.u8(parts.complete ? 1 : 0).varint(parts.names.length);
  for (const name of parts.names) head.text(name);
  head.varint(parts.groups).raw(parts.list);
  const bytes = new Uint8Array(META_SLOT_BYTES);
  bytes.set(head.view());
  new DataView(bytes.buffer).setUint32(CRC_AT, checksum(bytes.subarray(0, CRC_AT)), true);
  return { bytes, groups: parts.groups };
}

/** Reads a slot. */
export function decodeSlot(bytes: Uint8Array): Slot {
  if (bytes.length === META_SLOT_BYTES && bytes.every((byte) => byte === 0)) {
    return { kind: 'empty' };
  }
  if (bytes.length !== META_SLOT_BYTES) return { kind: 'damaged' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, META_SLOT_BYTES);
  if (checksum(bytes.subarray(0, CRC_AT)) !== view.getUint32(CRC_AT, true)) {
    return { kind: 'damaged' };
  }
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) return { kind: 'damaged' };
  const format = reader.u32();
  if (format !== META_VERSION) return { kind: 'newer', format };
  const version = reader.u53();
  const segment = reader.u53();
  const durableSeq = reader.u53();
  const node = reader.text();
  const incarnation = reader.text();
  const cluster = reader.text();
  const identity: Identity = { node, incarnation, cluster: cluster === '' ? null : cluster };
  const complete = reader.u8() === 1;
  const groups = readGroups(reader);
  if (reader.failed) return { kind: 'damaged' };
  return {
    kind: 'valid',
    meta: { version, identity, segment, durableSeq, groups, complete },
  };
}

function readGroups(reader: ByteReader): MetaGroup[] {
  const names: string[] = [];
  for (let left = reader.varint(); left > 0 && !reader.failed; left--) names.push(reader.text());
  const groups: MetaGroup[] = [];
  for (let left = reader.varint(); left > 0 && !reader.failed; left--) {
    const group = reader.varint();
    const term = reader.varint();
    const vote = reader.varint();
    groups.push({
      group,
      hardState: { term, vote: vote === 0 ? null : (names[vote - 1] ?? null) },
    });
  }
  return groups;
}
