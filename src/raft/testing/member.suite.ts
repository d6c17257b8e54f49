import { must } from '../../base/assert.ts';
import type { NodeId } from '../../base/ids.ts';
import { Sfc32 } from '../../base/prng.ts';
import { EMPTY_CONFIG } from '../config-codec.ts';
import type { Config } from '../config.ts';
import type { Deferred, Effects, SnapshotMark, SnapshotRequest, Write } from '../effects.ts';
import type { Entry, HardState, Index } from '../entry.ts';
import type { Message } from '../message.ts';
import { Raft } from '../raft.ts';
import type { RaftOptions } from '../raft.ts';

/** What a disk holds after a crash. */
export interface Image {
  hardState: HardState;
  mark: SnapshotMark;
  entries: Entry[];
  commit: Index;
  recovering: boolean;
}

/** A disk nobody has written to. */
export function emptyImage(config: Config = EMPTY_CONFIG): Image {
  return {
    hardState: { term: 0, vote: null },
    mark: { index: 0, term: 0, config },
    entries: [],
    commit: 0,
    recovering: false,
  };
}

/** Where a member tells what its core asks for. */
export interface MemberPort {
  send(message: Message): void;
  /** Everything the core asked for at once, before any of it is done. */
  onEffects(member: Member, effects: Effects): void;
}

/**
 * A core with a disk and a machine: a driver reduced to what the protocol promises about drivers.
 * Writes wait until `finishWrites`; a crash loses those that were not finished.
 */
export class Member {
  readonly id: NodeId;
  readonly port: MemberPort;
  readonly options: RaftOptions;
  image: Image;
  raft: Raft;
  /** Entries applied, by index; the machine of these tests is the list of its commands. */
  machine: Entry[] = [];
  writes: Write[] = [];
  held: Deferred[] = [];
  /** Writes finish as soon as they are asked for. */
  autoIo = true;
  running = true;
  wantedSnapshots: SnapshotRequest[] = [];
  #lives = 0;
  #done = 0;
  /** A snapshot's state; replaces the machine's when the log's new beginning is durable. */
  #incoming: Entry[] = [];

  constructor(options: RaftOptions, image: Image, port: MemberPort, now: number) {
    this.id = options.id;
    this.options = options;
    this.image = image;
    this.port = port;
    this.raft = this.#boot(now);
  }

  /** Index of the last entry in the machine. */
  get applied(): Index {
    return this.machine.length;
  }

  /** Carries out what the core asks for, until it asks for nothing. */
  drain(): void {
    for (;;) {
      const effects = this.raft.takeEffects();
      if (effects === null) return;
      this.port.onEffects(this, effects);
      this.#carry(effects);
    }
  }

  /** The oldest writes become durable. */
  finishWrites(count: number = this.writes.length): void {
    for (let at = 0; at < count; at++) {
      const write = this.writes.shift();
      if (write === undefined) return;
      this.#persist(write);
      this.#done = write.ticket;
      this.raft.ioDone(write.ticket);
    }
    const { held } = this;
    this.held = [];
    for (const deferred of held) this.#sendAfter(deferred);
  }

  /** The process dies; writes under way are lost, but for the oldest `survive`. */
  crash(survive = 0): void {
    for (const write of this.writes.slice(0, survive)) this.#persist(write);
    this.writes = [];
    this.held = [];
    this.wantedSnapshots = [];
    this.running = false;
  }

  /** The process starts again; the machine may have forgotten what was applied after `applied`. */
  restart(now: number, applied: Index = this.applied): void {
    const { image } = this;
    this.machine.length = Math.min(this.applied, Math.max(applied, image.mark.index));
    this.running = true;
    this.raft = this.#boot(now);
  }

  /** Takes over the machine's state of another member, as a snapshot would bring it. */
  receiveSnapshot(from: Member): boolean {
    const index = from.applied;
    const term = must(from.raft.term(index), () => `${from.id} does not know the term of ${index}`);
    const config = must(from.raft.configAt(index), () => `No configuration at ${index}`);
    const installed = this.raft.snapshotReceived({ index, term, config });
    if (installed) this.#incoming = from.machine.slice(0, index);
    return installed;
  }

  #boot(now: number): Raft {
    const { image } = this;
    this.#done = 0;
    this.#lives++;
    let seed = this.#lives;
    for (const letter of this.id) seed = (seed * 31 + (letter.codePointAt(0) ?? 0)) | 0;
    const restored = { ...image, entries: [...image.entries], applied: this.applied };
    return new Raft(this.options, restored, new Sfc32(seed, this.#lives), now);
  }

  #carry(effects: Effects): void {
    for (const message of effects.sendNow) this.port.send(message);
    if (effects.recovering === true) this.image.recovering = true;
    if (effects.recovering === false) this.image.recovering = false;
    if (effects.write !== null) this.writes.push(effects.write);
    this.held.push(...effects.sendAfter);
    if (effects.apply !== null) this.#apply(effects.apply);
    this.wantedSnapshots.push(...effects.snapshots);
    if (this.autoIo) this.finishWrites();
  }

  #persist(write: Write): void {
    persist(this.image, write);
    if (write.installed !== null) this.machine = this.#incoming;
  }

  #sendAfter(deferred: Deferred): void {
    if (deferred.ticket <= this.#done) this.port.send(deferred.message);
    else this.held.push(deferred);
  }

  #apply({ after, through }: { readonly after: Index; readonly through: Index }): void {
    if (after !== this.applied) throw new Error(`Applies after ${after}, has ${this.applied}`);
    for (const entry of this.raft.entries(after, through)) this.machine.push(entry);
    this.raft.applied(through);
  }
}

function persist(image: Image, write: Write): void {
  if (write.hardState !== null) image.hardState = write.hardState;
  if (write.installed !== null) {
    image.mark = write.installed;
    image.entries = [];
  }
  const [first] = write.entries;
  if (first !== undefined) {
    image.entries.length = first.index - image.mark.index - 1;
    for (const entry of write.entries) image.entries.push(entry);
  }
  if (write.compacted !== null) {
    image.entries = image.entries.slice(write.compacted.index - image.mark.index);
    image.mark = write.compacted;
  }
  image.commit = Math.max(write.commit, image.mark.index);
}
