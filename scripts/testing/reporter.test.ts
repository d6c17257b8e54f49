import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestEvent } from 'node:test/reporters';

import report from './reporter.ts';

/** What the reporter prints for events of which only the parts it reads are given. */
async function print(events: readonly object[]): Promise<string> {
  let text = '';
  async function* source(): AsyncGenerator<TestEvent> {
    for (const event of events) yield event as TestEvent;
  }
  for await (const part of report(source())) text += part;
  return text;
}

const file = `${process.cwd()}/test/a.test.ts`;
const failure = (error: object, more: object = {}): object => ({
  type: 'test:fail',
  data: { name: 'a() works', testId: 1, file, line: 7, details: { error }, ...more },
});
const output = { type: 'test:stderr', data: { file: 'test/a.test.ts', message: 'on its way\n' } };

test('report() is quiet while tests pass', async () => {
  const passed = { type: 'test:pass', data: { name: 'a', testId: 1, file } };
  const summary = { type: 'test:summary', data: { file, success: true } };
  assert.equal(await print([output, passed, summary]), '');
});

test('report() says why a test was skipped', async () => {
  const skipped = { type: 'test:pass', data: { name: 'a', testId: 1, file, skip: 'no disk' } };
  assert.equal(await print([skipped]), '↷ a (test/a.test.ts) was skipped: no disk\n');
});

test('report() prints where and why a test failed', async () => {
  const text = await print([failure({ cause: 'boom' })]);
  assert.equal(text, '✖ a() works (test/a.test.ts:7)\n  boom\n\n');
});

test('report() says nothing for the suite around a failure, nor for a todo', async () => {
  assert.equal(await print([failure({ failureType: 'subtestsFailed', cause: '1 failed' })]), '');
  assert.equal(await print([failure({ cause: 'boom' }, { todo: true })]), '');
});

test('report() prints what a failing file wrote', async () => {
  const summary = { type: 'test:summary', data: { file, success: false } };
  const expected = 'What test/a.test.ts printed:\n  on its way\n\n';
  assert.equal(await print([output, summary]), expected);
  const died = await print([output, failure({ cause: 'test failed', exitCode: 3 })]);
  assert.equal(died.endsWith(expected), true);
});
