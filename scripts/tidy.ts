// npm run tidy: our own rules that no tool has, in about a second.
//
//   npm run tidy               the whole repository
//   npm run tidy -- src/raft   only what concerns a folder or a file

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { listFiles } from './files.ts';
import { ROOT } from './root.ts';
import { checkAll } from './tidy/all.ts';
import { makeRepository } from './tidy/repository.ts';

/** What is read as text; .ci and other folders have files without an ending. */
const TEXT = /(?:^|\/)[^/.]+$|\.(?:ts|tsx|js|mjs|cjs|json|md|yml|yaml|toml|sh|html|css|npmrc)$/;

/** Larger files are data. */
const TEXT_BYTES_MAX = 1 << 20;

const paths = listFiles(ROOT).filter(
  (path) => TEXT.test(path) && statSync(join(ROOT, path)).size <= TEXT_BYTES_MAX,
);
const repository = makeRepository(
  Object.fromEntries(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')])),
);
const wanted = process.argv.slice(2).map((path) => path.replace(/^\.\//, '').replace(/\/+$/, ''));
const findings = checkAll(repository).filter(
  ({ file }) =>
    wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`)),
);
for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`);
process.exitCode = findings.length > 0 ? 1 : 0;
