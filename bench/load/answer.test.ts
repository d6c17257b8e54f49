import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AnswerReader } from './answer.ts';

const WITH_LENGTH = 'HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 5\r\n\r\nhello';
const IN_CHUNKS =
  'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';

test('AnswerReader.push() reads an answer however it is cut', () => {
  for (const [text, status] of [
    [WITH_LENGTH, 200],
    [IN_CHUNKS, 503],
  ] as const) {
    for (let cut = 1; cut <= text.length; cut++) {
      const reader = new AnswerReader();
      const shared = Buffer.alloc(text.length);
      const push = (part: string): ReturnType<AnswerReader['push']> =>
        reader.push(shared.subarray(0, shared.write(part, 'latin1')));
      const first = push(text.slice(0, cut));
      assert.equal(first === null, cut < text.length, `cut at ${cut}`);
      const answer = first ?? push(text.slice(cut));
      assert.equal(answer?.status, status);
      assert.equal(answer.body.toString(), 'hello');
    }
  }
});

test('AnswerReader.push() reads one answer after another', () => {
  const reader = new AnswerReader();
  for (let i = 0; i < 3; i++) {
    assert.equal(reader.push(Buffer.from(WITH_LENGTH))?.body.toString(), 'hello');
    assert.equal(reader.push(Buffer.from(IN_CHUNKS))?.body.toString(), 'hello');
  }
});

test('AnswerReader.push() refuses what is no answer, or more than one', () => {
  const push = (text: string): unknown => new AnswerReader().push(Buffer.from(text));
  assert.throws(() => push(WITH_LENGTH + 'x'), /1 bytes follow an answer/);
  assert.throws(() => push(IN_CHUNKS + 'x'), /1 bytes follow an answer/);
  assert.throws(() => push('SSH-2.0\r\n\r\n'), /Not an HTTP answer/);
  assert.throws(() => push('HTTP/1.1 200 OK\r\n\r\n'), /has no length/);
  assert.throws(
    () => push('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    /no size/,
  );
});
