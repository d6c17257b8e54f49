import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lineAt, makeRepository, resolveFrom } from './repository.ts';

test('makeRepository() finds imports of every form and nothing else', () => {
  const text = [
    "import { a } from './a.ts';",
    "import './b.ts';",
    "export * from './c.ts';",
    "const d = await import('./d.ts');",
    "let e: import('./e.ts').E;",
    "import {\n  f,\n} from './f.ts';",
    "// import './g.ts';",
    "Array.from('h'); Buffer.from('./i.ts'); const j = './j.ts';",
    'const k = "import \'./k.ts\'";',
  ].join('\n');
  const [source] = makeRepository({ 'src/raft/x.ts': text }).sources;
  assert.deepEqual(source?.imports, [
    { specifier: './a.ts', line: 1 },
    { specifier: './b.ts', line: 2 },
    { specifier: './c.ts', line: 3 },
    { specifier: './d.ts', line: 4 },
    { specifier: './e.ts', line: 5 },
    { specifier: './f.ts', line: 8 },
  ]);
});

test('makeRepository() takes only TypeScript apart', () => {
  const repository = makeRepository({ 'README.md': '# x', 'src/a.ts': '' });
  assert.equal(repository.texts.length, 2);
  assert.equal(repository.sources.length, 1);
});

test('lineAt() counts from one', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((offset) => lineAt('a\nb\n', offset)),
    [1, 1, 2, 2],
  );
});

test('resolveFrom() walks up', () => {
  assert.equal(resolveFrom('src/raft/raft.ts', '../base/assert.ts'), 'src/base/assert.ts');
});
