import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkPackages } from './packages.ts';
import { makeRepository } from './repository.ts';

const findings = (manifest: object, files: Record<string, string> = {}): string[] => {
  const text = JSON.stringify(manifest, null, 2);
  return checkPackages(makeRepository({ 'package.json': text, ...files })).map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  );
};

test('checkPackages() wants a source for every export, and says it once', () => {
  const manifest = {
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
  };
  assert.deepEqual(findings(manifest), ['package.json:3: .: write src/index.ts']);
  assert.deepEqual(findings(manifest, { 'src/index.ts': '' }), []);
});

test('checkPackages() wants every program', () => {
  const manifest = { bin: { quorlite: 'bin/quorlite.js' } };
  assert.deepEqual(findings(manifest), ['package.json:3: quorlite: write bin/quorlite.js']);
  assert.deepEqual(findings(manifest, { 'bin/quorlite.js': '' }), []);
});

test('checkPackages() wants exact versions', () => {
  assert.deepEqual(findings({ dependencies: { pino: '10.4.0' } }), []);
  assert.deepEqual(findings({ dependencies: { pino: '1.0.0-rc.1' } }), []);
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    assert.match(findings({ [kind]: { pino: '^10.4.0' } }).join(), /pino: pin one exact version/);
  }
});

test('checkPackages() wants src/ to import only what users get', () => {
  const manifest = { dependencies: { '@a/b': '1.0.0' }, devDependencies: { c: '1.0.0' } };
  const text = "import '@a/b/sub';\nimport 'c';\nimport 'node:fs';\nimport './d.ts';";
  assert.deepEqual(findings(manifest, { 'src/cli/x.ts': text }), [
    'src/cli/x.ts:2: c is not in the dependencies: users would not get it',
  ]);
  assert.deepEqual(findings(manifest, { 'src/cli/x.test.ts': text, 'sim/x.ts': text }), []);
});

test('checkPackages() refuses a lockfile that names a registry', () => {
  const lock = (value: string): Record<string, string> => ({
    'package-lock.json': `{\n"resolved": "${value}" }`,
  });
  assert.match(
    findings({}, lock('https://packages.example/a.tgz')).join(),
    /^package-lock.json:2:/,
  );
  assert.deepEqual(findings({}, lock('packages/a')), []);
});
