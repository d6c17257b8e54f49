import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeText } from '../base/bytes.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import type { Replica } from '../replica/replica.ts';
import type { Answer } from './questions.ts';
import { Verification, type Verified } from './verify.ts';
import type { Writes } from './write.ts';

const NOT_SENT: Answer = { kind: 'not-sent', reason: 'n2 is not connected' };
const LOST: Answer = { kind: 'lost', reason: 'The connection to n2 ended' };
const TOLD: Answer = { kind: 'answered', error: null, body: encodeText('ab') };

/** What n1 learns of n2, which answers as `answers` say, the last one for ever; and when. */
function verify(answers: Answer[]): { readonly verified: Verified; readonly atMs: number } {
  const clock = new ManualClock();
  const verification = new Verification({
    self: () => 'n1',
    replica: {
      diverged: false,
      whenApplied: (_index: number, done: () => void) => {
        done();
      },
    } as unknown as Replica,
    machine: {
      checksum: (_index, settle) => {
        settle.resolve('ab');
      },
    },
    writes: {
      write: (_request: unknown, settle: { resolve(done: { index: number }): void }) => {
        settle.resolve({ index: 9 });
      },
    } as unknown as Writes,
    questions: {
      ask: (_question, done) => {
        const [answer = NOT_SENT] = answers.length > 1 ? answers.splice(0, 1) : answers;
        clock.defer(() => {
          done(answer);
        });
      },
      handle: () => {},
    },
    clock,
    entry: () => new Uint8Array(1),
  });
  const members = ['n1', 'n2'].map((id) => ({
    id,
    incarnation: id,
    peerAddress: `${id}:2`,
    clientAddress: `${id}:1`,
  }));
  let verified: Verified | null = null;
  verification.verify(members, 20_000, {
    resolve: (said) => {
      verified = said;
    },
    reject: (error) => {
      throw error;
    },
  });
  const said = (): Verified | null => verified;
  while (said() === null && clock.now() < 30_000) clock.advance(10);
  assert(verified !== null);
  return { verified, atMs: clock.now() };
}

test('verify() asks a node again that is connected in a moment', () => {
  const { verified, atMs } = verify([NOT_SENT, LOST, NOT_SENT, TOLD]);
  assert.deepEqual(
    verified.nodes.map(({ id, hash }) => [id, hash]),
    [
      ['n1', 'ab'],
      ['n2', 'ab'],
    ],
  );
  assert(atMs < 500, `${atMs}`);
});

test('verify() does not wait for long for a node that is not there', () => {
  const { verified, atMs } = verify([NOT_SENT]);
  assert.deepEqual(
    verified.nodes.map(({ id, hash, error }) => [id, hash, error]),
    [
      ['n1', 'ab', null],
      ['n2', null, 'n2 is not connected'],
    ],
  );
  assert(atMs < 2500, `${atMs}`);
});
