import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ROOMS } from '../rooms.ts';
import { checkImports } from './imports.ts';
import { makeRepository } from './repository.ts';

const findings = (path: string, text: string): string[] =>
  checkImports(makeRepository({ [path]: text })).map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  );

test('checkImports() lets a room import itself and the rooms on its line', () => {
  const text = "import './a.ts';\nimport '../raft/b.ts';\nimport '../base/c.ts';\n";
  assert.deepEqual(findings('src/storage/x.ts', text), []);
  assert.deepEqual(findings('src/serve/http/x.ts', "import '../../db/d.ts';"), []);
});

test('checkImports() refuses every other room', () => {
  assert.deepEqual(findings('src/raft/x.ts', "\nimport '../storage/disk.ts';"), [
    'src/raft/x.ts:2: raft may not import storage: declare what it needs as an interface in ' +
      'raft, or decide on a new edge in scripts/rooms.ts',
  ]);
  assert.equal(findings('src/db/x.ts', "import type { T } from '../peer/t.ts';").length, 1);
  assert.equal(findings('src/db/x.ts', "let t: import('../peer/t.ts').T;").length, 1);
  assert.equal(findings('src/raft/x.ts', "import '../index.ts';").length, 1);
});

test('checkImports() refuses imports of what is outside src/', () => {
  for (const target of ['../../sim/disk.ts', '../../test/a.ts', '../../scripts/root.ts']) {
    assert.match(findings('src/cli/x.ts', `import '${target}';`).join(), /does not import/);
  }
});

test('checkImports() gives tests and suites their room, its imports and base', () => {
  assert.deepEqual(findings('src/index.test.ts', "import './base/errors.ts';"), []);
  assert.equal(findings('src/index.ts', "import './raft/raft.ts';").length, 1);
  assert.equal(findings('src/raft/x.test.ts', "import '../storage/disk.ts';").length, 1);
  assert.equal(findings('src/storage/x.suite.ts', "import '../db/a.ts';").length, 1);
});

test('checkImports() keeps packages out of the thinking rooms, but not out of their tests', () => {
  assert.match(findings('src/raft/x.ts', "import 'node:fs';").join(), /thinking room/);
  assert.match(findings('src/sql/x.ts', "import 'pino';").join(), /thinking room/);
  assert.deepEqual(findings('src/raft/x.test.ts', "import 'node:test';"), []);
  assert.deepEqual(findings('src/storage/x.ts', "import 'node:fs';"), []);
});

test('checkImports() refuses a folder that is no room', () => {
  assert.match(findings('src/utils/x.ts', '').join(), /src\/utils is no room/);
  assert.match(findings('src/helpers.ts', '').join(), /src\/helpers.ts is no room/);
});

test('ROOMS names only rooms that stand above', () => {
  const names = Object.keys(ROOMS);
  for (const [name, room] of Object.entries(ROOMS)) {
    const above = names.slice(0, names.indexOf(name));
    assert.deepEqual(
      room.imports.filter((other) => !above.includes(other)),
      [],
      `${name} imports downwards`,
    );
  }
});
