import * as fc from 'fast-check';

import type { Entry, Position } from '../raft/entry.ts';
import type { Message } from '../raft/message.ts';
import type { Packet } from './transport.ts';

/** The ends every message of these has. */
export const ENDS = { from: 'a', to: 'b' } as const;

/** Plain objects, as decoding makes them. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T, keyof T>(model, { noNullPrototype: true });
}

const number = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, 127, 128, 2 ** 32 - 1, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER),
);
const time = fc.double({ noNaN: true, noDefaultInfinity: true });
const bytes = fc.uint8Array({ maxLength: 300 });
const group = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffffffff }));
const topic = fc.integer({ min: 0, max: 0xffff });
const text = fc.string({ unit: 'grapheme', maxLength: 100 });
const position: fc.Arbitrary<Position> = record({ index: number, term: number });
const envelope = { from: fc.constant('a'), to: fc.constant('b'), term: number };
const echo = { readSequence: number, sentAtMs: time };

const append: fc.Arbitrary<Message> = fc
  .record({
    ...envelope,
    previous: record({ index: fc.nat(2 ** 31), term: number }),
    commit: number,
    ...echo,
    heads: fc.array(
      record({
        term: number,
        kind: fc.constantFrom<Entry['kind']>('normal', 'config', 'noop'),
        data: bytes,
      }),
      { maxLength: 20 },
    ),
  })
  .map(({ heads, ...rest }) => ({
    kind: 'append',
    ...rest,
    entries: heads.map((head, at) => ({ ...head, index: rest.previous.index + 1 + at })),
  }));

/** A message of any kind. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  append,
  record({ kind: fc.constant('pre-vote' as const), ...envelope, last: position }),
  record({ kind: fc.constant('pre-vote-reply' as const), ...envelope, granted: fc.boolean() }),
  record({
    kind: fc.constant('vote' as const),
    ...envelope,
    last: position,
    transfer: fc.boolean(),
  }),
  record({ kind: fc.constant('vote-reply' as const), ...envelope, granted: fc.boolean() }),
  record({
    kind: fc.constant('append-reply' as const),
    ...envelope,
    index: number,
    hint: fc.option(position),
    recovering: fc.boolean(),
    ...echo,
  }),
  record({ kind: fc.constant('heartbeat' as const), ...envelope, commit: number, ...echo }),
  record({
    kind: fc.constant('heartbeat-reply' as const),
    ...envelope,
    recovering: fc.boolean(),
    ...echo,
  }),
  record({ kind: fc.constant('timeout-now' as const), ...envelope, lastIndex: number }),
  record({ kind: fc.constant('read-request' as const), ...envelope, requestId: number }),
  record({
    kind: fc.constant('read-reply' as const),
    ...envelope,
    requestId: number,
    index: fc.option(number),
  }),
);

/** A packet of any kind. */
export const anyPacket: fc.Arbitrary<Packet> = fc.oneof(
  {
    weight: 3,
    arbitrary: record({ kind: fc.constant('raft' as const), group, message: anyMessage }),
  },
  record({ kind: fc.constant('note' as const), group, topic, body: bytes }),
  record({ kind: fc.constant('call' as const), callId: number, group, topic, body: bytes }),
  record({
    kind: fc.constant('answer' as const),
    callId: number,
    error: fc.option(text),
    body: bytes,
  }),
);

const MIDDLE = { ...ENDS, term: 300 } as const;
const LAST: Position = { index: 1000, term: 299 };
const ECHO = { readSequence: 77, sentAtMs: 1234.5 } as const;

/** One message of each kind and form, for the golden bytes. */
export const GOLDEN_MESSAGES: readonly Message[] = [
  { kind: 'pre-vote', ...MIDDLE, last: LAST },
  { kind: 'pre-vote-reply', ...MIDDLE, granted: true },
  { kind: 'vote', ...MIDDLE, last: LAST, transfer: false },
  { kind: 'vote', ...MIDDLE, last: LAST, transfer: true },
  { kind: 'vote-reply', ...MIDDLE, granted: false },
  { kind: 'append', ...MIDDLE, previous: LAST, entries: [], commit: 998, ...ECHO },
  {
    kind: 'append',
    ...MIDDLE,
    previous: LAST,
    entries: [
      { index: 1001, term: 300, kind: 'noop', data: new Uint8Array(0) },
      { index: 1002, term: 300, kind: 'normal', data: Uint8Array.of(1, 2, 3) },
      { index: 1003, term: 300, kind: 'config', data: Uint8Array.of(255) },
    ],
    commit: 998,
    ...ECHO,
  },
  { kind: 'append-reply', ...MIDDLE, index: 1003, hint: null, recovering: false, ...ECHO },
  { kind: 'append-reply', ...MIDDLE, index: 1000, hint: LAST, recovering: true, ...ECHO },
  { kind: 'heartbeat', ...MIDDLE, commit: 998, ...ECHO },
  { kind: 'heartbeat-reply', ...MIDDLE, recovering: true, ...ECHO },
  { kind: 'timeout-now', ...MIDDLE, lastIndex: 1003 },
  { kind: 'read-request', ...MIDDLE, requestId: 2 ** 40 },
  { kind: 'read-reply', ...MIDDLE, requestId: 2 ** 40, index: 998 },
  { kind: 'read-reply', ...MIDDLE, requestId: 2 ** 40, index: null },
];

/** One packet of each kind and form, for the golden bytes. */
export const GOLDEN_PACKETS: readonly Packet[] = [
  ...GOLDEN_MESSAGES.map((message): Packet => ({ kind: 'raft', group: 1, message })),
  { kind: 'note', group: 2, topic: 1, body: Uint8Array.of(9, 8) },
  { kind: 'call', callId: 2 ** 48 + 5, group: 3, topic: 0x8001, body: Uint8Array.of(7) },
  { kind: 'answer', callId: 2 ** 48 + 5, error: null, body: Uint8Array.of(6, 5) },
  { kind: 'answer', callId: 6, error: 'no-leader: Cannot écrire', body: new Uint8Array(0) },
];
