import { assert, unreachable } from '../base/assert.ts';
import type { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { NodeId } from '../base/ids.ts';
import type { Entry, EntryKind, Position } from '../raft/entry.ts';
import type { Append, AppendReply, Message } from '../raft/message.ts';

/** Who a connection joins: the ends of a message are known from it and not in its bytes. */
export interface Ends {
  readonly from: NodeId;
  readonly to: NodeId;
}

/** The frame kind of each message. Never renumbered: a new meaning gets a new number. */
export const MESSAGE_KINDS: Record<Message['kind'], number> = {
  'pre-vote': 32,
  'pre-vote-reply': 33,
  vote: 34,
  'vote-reply': 35,
  append: 36,
  'append-reply': 37,
  heartbeat: 38,
  'heartbeat-reply': 39,
  'timeout-now': 40,
  'read-request': 41,
  'read-reply': 42,
};

const GRANTED = 1;
const TRANSFER = 1;
const RECOVERING = 1;
const HINT = 2;
const INDEX = 1;

const ENTRY_KINDS: readonly EntryKind[] = ['normal', 'config', 'noop'];
const ENTRY_CODES: Record<EntryKind, number> = { normal: 0, config: 1, noop: 2 };

/** An entry is a kind, a term and a length of at least a byte each. */
const ENTRY_BYTES_MIN = 3;

/** Writes the payload of a message; returns the flags of its frame. */
export function encodeMessage(writer: ByteWriter, message: Message): number {
  number(writer, message.term);
  switch (message.kind) {
    case 'pre-vote':
      position(writer, message.last);
      return 0;
    case 'pre-vote-reply':
    case 'vote-reply':
      return message.granted ? GRANTED : 0;
    case 'vote':
      position(writer, message.last);
      return message.transfer ? TRANSFER : 0;
    case 'append':
      return encodeAppend(writer, message);
    case 'append-reply':
      return encodeAppendReply(writer, message);
    case 'heartbeat':
      number(writer, message.commit);
      echo(writer, message);
      return 0;
    case 'heartbeat-reply':
      echo(writer, message);
      return message.recovering ? RECOVERING : 0;
    case 'timeout-now':
      number(writer, message.lastIndex);
      return 0;
    case 'read-request':
      number(writer, message.requestId);
      return 0;
    case 'read-reply':
      number(writer, message.requestId);
      if (message.index === null) return 0;
      number(writer, message.index);
      return INDEX;
    default:
      return unreachable(message);
  }
}

/**
 * The message of a frame, or null when `kind` is no message. The caller checks the reader: after
 * a wrong payload it has failed, or has bytes left.
 */
export function decodeMessage(
  kind: number,
  flags: number,
  reader: ByteReader,
  ends: Ends,
): Message | null {
  const { from, to } = ends;
  const envelope = { from, to, term: reader.varint() };
  switch (kind) {
    case MESSAGE_KINDS['pre-vote']:
      onlyFlags(reader, flags, 0);
      return { kind: 'pre-vote', ...envelope, last: readPosition(reader) };
    case MESSAGE_KINDS['pre-vote-reply']:
      onlyFlags(reader, flags, GRANTED);
      return { kind: 'pre-vote-reply', ...envelope, granted: flags === GRANTED };
    case MESSAGE_KINDS.vote:
      onlyFlags(reader, flags, TRANSFER);
      return {
        kind: 'vote',
        ...envelope,
        last: readPosition(reader),
        transfer: flags === TRANSFER,
      };
    case MESSAGE_KINDS['vote-reply']:
      onlyFlags(reader, flags, GRANTED);
      return { kind: 'vote-reply', ...envelope, granted: flags === GRANTED };
    case MESSAGE_KINDS.append:
      onlyFlags(reader, flags, 0);
      return { kind: 'append', ...envelope, ...readAppend(reader) };
    case MESSAGE_KINDS['append-reply']:
      onlyFlags(reader, flags, RECOVERING | HINT);
      return { kind: 'append-reply', ...envelope, ...readAppendReply(reader, flags) };
    case MESSAGE_KINDS.heartbeat:
      onlyFlags(reader, flags, 0);
      return { kind: 'heartbeat', ...envelope, commit: reader.varint(), ...readEcho(reader) };
    case MESSAGE_KINDS['heartbeat-reply']:
      onlyFlags(reader, flags, RECOVERING);
      return {
        kind: 'heartbeat-reply',
        ...envelope,
        recovering: flags === RECOVERING,
        ...readEcho(reader),
      };
    case MESSAGE_KINDS['timeout-now']:
      onlyFlags(reader, flags, 0);
      return { kind: 'timeout-now', ...envelope, lastIndex: reader.varint() };
    case MESSAGE_KINDS['read-request']:
      onlyFlags(reader, flags, 0);
      return { kind: 'read-request', ...envelope, requestId: reader.varint() };
    case MESSAGE_KINDS['read-reply']:
      onlyFlags(reader, flags, INDEX);
      return {
        kind: 'read-reply',
        ...envelope,
        requestId: reader.varint(),
        index: flags === INDEX ? reader.varint() : null,
      };
    default:
      return null;
  }
}

function encodeAppend(writer: ByteWriter, message: Append): number {
  const { previous, entries } = message;
  position(writer, previous);
  number(writer, message.commit);
  echo(writer, message);
  number(writer, entries.length);
  let expected = previous.index;
  for (const { index, term, kind, data } of entries) {
    expected++;
    if (index !== expected) assert(false, () => `Entry ${index} stands where ${expected} must be`);
    writer.u8(ENTRY_CODES[kind]);
    number(writer, term);
    writer.blob(data);
  }
  return 0;
}

function readAppend(
  reader: ByteReader,
): Pick<Append, 'previous' | 'commit' | 'readSequence' | 'sentAtMs' | 'entries'> {
  const previous = readPosition(reader);
  const commit = reader.varint();
  const { readSequence, sentAtMs } = readEcho(reader);
  const count = reader.varint();
  const entries: Entry[] = [];
  // Before anything is made of the count: it is the sender's word, the bytes are there.
  if (count * ENTRY_BYTES_MIN > reader.left) reader.fail();
  if (previous.index > Number.MAX_SAFE_INTEGER - count) reader.fail();
  for (let nth = 1; nth <= count && !reader.failed; nth++) {
    const kind = ENTRY_KINDS[reader.u8()];
    if (kind === undefined) {
      reader.fail();
      break;
    }
    const term = reader.varint();
    entries.push({ index: previous.index + nth, term, kind, data: reader.blob() });
  }
  return { previous, commit, readSequence, sentAtMs, entries };
}

function encodeAppendReply(writer: ByteWriter, message: AppendReply): number {
  number(writer, message.index);
  echo(writer, message);
  const recovering = message.recovering ? RECOVERING : 0;
  if (message.hint === null) return recovering;
  position(writer, message.hint);
  return recovering | HINT;
}

function readAppendReply(
  reader: ByteReader,
  flags: number,
): Pick<AppendReply, 'index' | 'readSequence' | 'sentAtMs' | 'hint' | 'recovering'> {
  return {
    index: reader.varint(),
    ...readEcho(reader),
    hint: (flags & HINT) === 0 ? null : readPosition(reader),
    recovering: (flags & RECOVERING) !== 0,
  };
}

/** What a follower gives back to its leader. */
interface Echo {
  readonly readSequence: number;
  readonly sentAtMs: number;
}

function echo(writer: ByteWriter, { readSequence, sentAtMs }: Echo): void {
  number(writer, readSequence);
  writer.f64(sentAtMs);
}

function readEcho(reader: ByteReader): Echo {
  const readSequence = reader.varint();
  const sentAtMs = reader.f64();
  if (!Number.isFinite(sentAtMs)) reader.fail();
  return { readSequence, sentAtMs };
}

function position(writer: ByteWriter, { index, term }: Position): void {
  number(writer, index);
  number(writer, term);
}

function readPosition(reader: ByteReader): Position {
  return { index: reader.varint(), term: reader.varint() };
}

/** The writer takes anything; what it would garble is our own mistake. */
function number(writer: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    assert(false, () => `${value} is not a number of a message`);
  }
  writer.varint(value);
}

function onlyFlags(reader: ByteReader, flags: number, known: number): void {
  if ((flags & ~known) !== 0) reader.fail();
}
