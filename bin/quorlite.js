#!/usr/bin/env node
// The launcher. It must parse on any Node a machine may have, so that an old one gets an answer
// instead of a syntax error: keep it to what Node 12 reads, and import everything else late.

import fs from 'fs';

const NODE_MAJOR_MIN = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major >= NODE_MAJOR_MIN) {
  const built = new URL('../dist/cli/main.js', import.meta.url);
  const source = new URL('../src/cli/main.ts', import.meta.url);
  // A checkout runs its sources, which are not published; an installed package has only `dist`.
  import(fs.existsSync(source) ? source.href : built.href).catch(fail);
} else {
  fail(
    `quorlite needs Node ${NODE_MAJOR_MIN} or newer; this is Node ${process.versions.node} ` +
      `(${process.execPath}).\n` +
      '- Anywhere: install Node 24, for example from https://nodejs.org/.\n' +
      '- In a checkout: run `npm ci` once, then `npx quorlite ...` or `npm run ...`; ' +
      'they use the Node 24 that came with it.',
  );
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
