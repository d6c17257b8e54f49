import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Config, Member } from './config.ts';

/** Version of the bytes below; a reader refuses every other one. */
const CONFIG_FORMAT = 1;

/** No member set is near this; it keeps a hostile length from allocating. */
const NAMES_MAX = 10_000;

/** A group nobody belongs to yet: what a node that waits to be added starts with. */
export const EMPTY_CONFIG: Config = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
  members: [],
};

/** The bytes of a configuration, as entries and snapshots carry it. */
export function encodeConfig(config: Config): Uint8Array {
  const writer = new ByteWriter().u8(CONFIG_FORMAT);
  writeNames(writer, config.voters);
  writeNames(writer, config.votersOutgoing);
  writeNames(writer, config.learners);
  writeNames(writer, config.learnersNext);
  writer.u8(config.autoLeave ? 1 : 0).varint(config.members.length);
  for (const member of config.members) {
    writer.text(member.id).text(member.incarnation);
    writer.text(member.peerAddress).text(member.clientAddress);
  }
  return writer.copy();
}

/** The configuration of `bytes`; null when they are not one. */
export function decodeConfig(bytes: Uint8Array): Config | null {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== CONFIG_FORMAT) return null;
  const config: Config = {
    voters: readNames(reader),
    votersOutgoing: readNames(reader),
    learners: readNames(reader),
    learnersNext: readNames(reader),
    autoLeave: reader.u8() === 1,
    members: readMembers(reader),
  };
  return reader.failed || reader.left > 0 ? null : config;
}

function writeNames(writer: ByteWriter, names: readonly string[]): void {
  writer.varint(names.length);
  for (const name of names) writer.text(name);
}

function readNames(reader: ByteReader): string[] {
  return readMany(reader, () => reader.text());
}

function readMembers(reader: ByteReader): Member[] {
  return readMany(reader, () => ({
    id: reader.text(),
    incarnation: reader.text(),
    peerAddress: reader.text(),
    clientAddress: reader.text(),
  }));
}

function readMany<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.varint();
  if (count > NAMES_MAX) reader.fail();
  const items: T[] = [];
  while (items.length < count && !reader.failed) items.push(read());
  return items;
}
