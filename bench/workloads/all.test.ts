import assert from 'node:assert/strict';
import { test } from 'node:test';

import { selectRows, WORKLOADS } from './all.ts';

test('selectRows() takes rows by the beginning of their names', () => {
  const { workloads, failover } = selectRows(['insert/leader', 'scan'], false);
  const names = workloads.map(({ name }) => name);
  assert.deepEqual(names, ['insert/leader/1', 'insert/leader/16', 'insert/leader/64', 'scan/4']);
  assert.equal(failover, false);
});

test('selectRows() takes what was named in a quick run, too', () => {
  assert.equal(selectRows(['insert/leader/16', 'failover'], true).workloads.length, 1);
});

test('selectRows() takes everything when nothing was named', () => {
  assert.equal(selectRows([], false).workloads.length, WORKLOADS.length);
  assert.ok(selectRows([], true).workloads.length < WORKLOADS.length);
});

test('selectRows() refuses a name that selects nothing', () => {
  assert.throws(() => selectRows(['insert/lead'], false), /choose from insert\/leader\/1/);
});
