import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeText } from '../../base/bytes.ts';
import type { AnswerPort } from './answer-port.ts';
import { Answers, SLOW_READER_MS } from './response.ts';

/** A client that takes nothing of its answer. */
class DeafPort implements AnswerPort {
  shouldKeepAlive = true;
  readonly closed = false;
  readonly timeoutsMs: number[] = [];

  setTimeout(ms: number): void {
    this.timeoutsMs.push(ms);
  }

  writeHead(): void {}
  write(): void {}
  end(): void {}
  cork(): void {}
  uncork(): void {}
  once(): void {}
}

for (const pretty of [false, true]) {
  test(`Answers gives up a client that takes no large answer, pretty ${pretty}`, () => {
    const answers = new Answers({ allowOrigin: null });
    const port = new DeafPort();
    answers.results(port, {
      body: encodeText('1'.repeat(100_000)),
      error: null,
      timeSeconds: null,
      raftIndex: 0,
      servedBy: '',
      pretty,
    });
    assert.ok(answers.untakenBytes > 100_000);
    assert.deepEqual(port.timeoutsMs, [SLOW_READER_MS]);
  });
}
