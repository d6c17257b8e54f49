import { assert } from '../base/assert.ts';
import { ByteReader, type ByteWriter } from '../base/bytes.ts';
import { type Frame, beginFrame, endFrame } from './frame.ts';
import { type Ends, MESSAGE_KINDS, decodeMessage, encodeMessage } from './message-codec.ts';
import type { Channel, Packet } from './transport.ts';
import { BULK_TOPICS_FROM } from './transport.ts';

/** The frame kinds of packets that are no raft message; those are in `MESSAGE_KINDS`. */
export const PACKET_KINDS: Record<Exclude<Packet['kind'], 'raft'>, number> = {
  note: 16,
  call: 17,
  answer: 18,
};

/** Calls, answers and notes above this go the bulk way. */
export const CONTROL_BODY_BYTES_MAX: number = 16 * 1024;

const ERROR = 1;

/** Appends a packet to `writer` as one frame. */
export function encodePacket(writer: ByteWriter, packet: Packet): void {
  const at = beginFrame(writer);
  switch (packet.kind) {
    case 'raft': {
      const flags = encodeMessage(writer, packet.message);
      const kind = MESSAGE_KINDS[packet.message.kind];
      endFrame(writer, at, { kind, flags, group: packet.group });
      break;
    }
    case 'note':
      writer.u16(packet.topic).raw(packet.body);
      endFrame(writer, at, { kind: PACKET_KINDS.note, flags: 0, group: packet.group });
      break;
    case 'call':
      assertCallId(packet.callId);
      writer.varint(packet.callId).u16(packet.topic).raw(packet.body);
      endFrame(writer, at, { kind: PACKET_KINDS.call, flags: 0, group: packet.group });
      break;
    case 'answer':
      assertCallId(packet.callId);
      writer.varint(packet.callId);
      if (packet.error !== null) writer.text(packet.error);
      writer.raw(packet.body);
      endFrame(writer, at, {
        kind: PACKET_KINDS.answer,
        flags: packet.error === null ? 0 : ERROR,
        group: 0,
      });
      break;
  }
}

/**
 * The packet of a frame, or a text that says what is wrong with it. Entries and bodies are views
 * of the frame's memory.
 */
export function decodePacket(frame: Frame, ends: Ends): Packet | string {
  const reader = new ByteReader(frame.payload);
  const packet = read(frame, reader, ends);
  if (packet === null) return `a frame of unknown kind ${frame.kind}`;
  if (reader.failed || reader.left > 0) return `a malformed frame of kind ${frame.kind}`;
  return packet;
}

/**
 * Which way a packet goes. Every append goes the bulk way, also one without entries: it would
 * overtake those with entries, and the follower would reject it for a gap that is not there.
 */
export function channelOf(packet: Packet): Channel {
  if (packet.kind === 'raft') return packet.message.kind === 'append' ? 'bulk' : 'control';
  if (packet.kind !== 'answer' && packet.topic >= BULK_TOPICS_FROM) return 'bulk';
  return packet.body.length > CONTROL_BODY_BYTES_MAX ? 'bulk' : 'control';
}

/** An upper bound of the payload of a packet's frame, in bytes, before it is encoded. */
export function payloadBytesMax(packet: Packet): number {
  // The longest message without entries has seven numbers of at most eight bytes.
  if (packet.kind !== 'raft') {
    const text = packet.kind === 'answer' && packet.error !== null ? packet.error.length * 3 : 0;
    return packet.body.length + text + 24;
  }
  if (packet.message.kind !== 'append') return 64;
  let bytes = 64;
  // A kind, a term and a length: 1 + 8 + 8.
  for (const { data } of packet.message.entries) bytes += data.length + 17;
  return bytes;
}

function read(frame: Frame, reader: ByteReader, ends: Ends): Packet | null {
  const { kind, flags, group } = frame;
  switch (kind) {
    case PACKET_KINDS.note: {
      if (flags !== 0) reader.fail();
      const topic = reader.u16();
      return { kind: 'note', group, topic, body: reader.raw(reader.left) };
    }
    case PACKET_KINDS.call: {
      if (flags !== 0) reader.fail();
      const callId = reader.varint();
      const topic = reader.u16();
      return { kind: 'call', callId, group, topic, body: reader.raw(reader.left) };
    }
    case PACKET_KINDS.answer: {
      if ((flags & ~ERROR) !== 0 || group !== 0) reader.fail();
      const callId = reader.varint();
      const error = flags === ERROR ? reader.text() : null;
      return { kind: 'answer', callId, error, body: reader.raw(reader.left) };
    }
    default: {
      const message = decodeMessage(kind, flags, reader, ends);
      return message && { kind: 'raft', group, message };
    }
  }
}

function assertCallId(callId: number): void {
  assert(Number.isSafeInteger(callId) && callId >= 0, () => `${callId} is no call id`);
}
