import assert from 'node:assert/strict';
import { test } from 'node:test';

import { QuorliteError } from '../base/errors.ts';
import { describeFailure } from './failure.ts';

test('describeFailure() is one line', () => {
  assert.equal(describeFailure(new Error('Cannot go:\n  no way')), 'Cannot go: no way');
  assert.equal(describeFailure('gone'), 'gone');
});

test('describeFailure() says what to do about a full disk', () => {
  assert.equal(
    describeFailure(new QuorliteError('disk-full', 'Cannot write 7: no space is left')),
    'Cannot write 7: no space is left. Free some space and start again; ' +
      'what was acknowledged is not lost',
  );
});
