import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { FRAME_HEADER_BYTES, type Frame, FrameReader } from './frame.ts';
import {
  CONNECTION_KINDS,
  type Identity,
  type Preamble,
  decodeHello,
  decodePreamble,
  decodeRefusal,
  decodeWelcome,
  encodeHello,
  encodePreamble,
  encodeRefusal,
  encodeSignal,
  encodeWelcome,
} from './handshake.ts';
import { helloOf } from './transport.suite.ts';

const preamble = (nonce: number): Preamble => ({
  version: 1,
  channel: 'bulk',
  secret: true,
  nonce: new Uint8Array(16).fill(nonce),
});
const transcript = {
  dialler: encodePreamble(preamble(1)),
  acceptor: encodePreamble(preamble(2)),
};
const identity: Identity = {
  session: '0123456789abcdef',
  hello: {
    ...helloOf('b', '10.0.0.2:4002'),
    cluster: 'c'.repeat(32),
    founders: 'a:1,b:2',
    recovering: true,
  },
};
const refusal = { reason: 'wrong-cluster: ändere es', self: false };

function frameOf(bytes: Uint8Array): Frame {
  const frames: Frame[] = [];
  const wrong = new FrameReader(16 * 1024).push(bytes, (frame) => frames.push(frame) > 0);
  assert.equal(wrong, null);
  const [frame] = frames;
  assert.ok(frame !== undefined);
  return frame;
}

function goldenLines(): string[] {
  const lines: string[] = [];
  const add = (name: string, bytes: Uint8Array): void => {
    lines.push(`${name} ${Buffer.from(bytes).toString('hex')}`);
  };
  add('preamble', transcript.dialler);
  for (const secret of [null, 'correct horse']) {
    const hello = encodeHello(identity, transcript, secret);
    add('hello', hello);
    add('welcome', encodeWelcome(identity, frameOf(hello), transcript, secret));
    add('refusal', encodeRefusal(refusal, frameOf(hello).payload, transcript, secret));
  }
  add('confirm', encodeSignal(CONNECTION_KINDS.confirm));
  add('ping', encodeSignal(CONNECTION_KINDS.ping));
  return lines;
}

describe('the handshake', () => {
  test('writes the golden bytes', () => {
    const golden = readFileSync(new URL('./testdata/handshake.txt', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(goldenLines(), golden);
  });

  for (const secret of [null, 'correct horse']) {
    const how = secret === null ? 'without a secret' : 'with a secret';

    test(`decodes what it encodes ${how}`, () => {
      assert.deepEqual(decodePreamble(transcript.dialler), preamble(1));
      const hello = frameOf(encodeHello(identity, transcript, secret));
      assert.deepEqual(decodeHello(hello, transcript, secret), identity);
      const welcome = frameOf(encodeWelcome(identity, hello, transcript, secret));
      assert.deepEqual(decodeWelcome(welcome, hello.payload, transcript, secret), identity);
      const no = frameOf(encodeRefusal(refusal, hello.payload, transcript, secret));
      assert.deepEqual(decodeRefusal(no, hello.payload, transcript, secret), refusal);
    });

    test(`takes any bytes without throwing ${how}`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(6), (payload, kind) => {
          const frame = { kind, flags: 0, group: 0, payload };
          decodePreamble(payload);
          decodeHello(frame, transcript, secret);
          decodeWelcome(frame, payload, transcript, secret);
          decodeRefusal(frame, payload, transcript, secret);
        }),
        { numRuns: 500 },
      );
    });
  }

  test('a proof holds for one side, one hello and one connection', () => {
    const secret = 'correct horse';
    const bytes = encodeHello(identity, transcript, secret);
    const hello = frameOf(bytes);
    const refused = (frame: Frame, over = transcript, known = secret): void => {
      const seen = decodeHello(frame, over, known);
      assert.ok(typeof seen === 'string' && seen.startsWith('the cluster secret'));
    };
    refused(hello, { ...transcript, acceptor: encodePreamble(preamble(3)) });
    refused(hello, { dialler: transcript.acceptor, acceptor: transcript.dialler });
    refused(hello, transcript, 'another');
    for (let at = 0; at < hello.payload.length; at++) {
      const payload = hello.payload.slice();
      payload[at] = (payload[at] ?? 0) ^ 1;
      refused({ ...hello, payload });
    }
    // An acceptor that sends our own proof back to us.
    const echo = { ...hello, kind: CONNECTION_KINDS.welcome };
    const seen = decodeWelcome(echo, hello.payload, transcript, secret);
    assert.ok(typeof seen === 'string' && seen.includes('does not have'));
  });

  test('a refusal without proof is marked, and cannot make a node give up', () => {
    const payload = encodeHello(identity, transcript, 'one').subarray(FRAME_HEADER_BYTES);
    const forged = frameOf(
      encodeRefusal({ reason: 'not-member: go away', self: true }, payload, transcript, 'two'),
    );
    const seen = decodeRefusal(forged, payload, transcript, 'one');
    assert.match(seen?.reason ?? '', /^the node there does not have.*it says: not-member: go away/);
    assert.equal(seen?.self, false);
  });

  test('of another version only the version is read', () => {
    const later = encodePreamble({ ...preamble(1), version: 9 });
    later[10] = 77;
    assert.equal(decodePreamble(later)?.version, 9);
  });
});
