// prepack and postpack: the package that users get has a package.json of its own.
//
//   node scripts/manifest.ts publish   puts the published manifest in place
//   node scripts/manifest.ts restore   brings the checkout's manifest back
//   node scripts/manifest.ts refuse    stops `npm publish` of the folder: npm reads the manifest
//                                      again after postpack and would publish the checkout's

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Manifest, publishedManifest } from './release/manifest.ts';
import { ROOT } from './root.ts';

const MANIFEST = join(ROOT, 'package.json');

/** The checkout's manifest while the published one is in its place; git ignores it. */
const KEPT = join(ROOT, 'package.development.json');

const command = process.argv[2];
if (command === 'publish') publish();
else if (command === 'restore') restore();
else if (command === 'refuse') refuse();
else throw new Error(`Cannot ${command ?? 'do nothing'}: say publish, restore or refuse`);

function publish(): void {
  // A pack that broke off left it behind; what is in place now may be the published manifest.
  if (existsSync(KEPT)) restore();
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8')) as Manifest;
  renameSync(MANIFEST, KEPT);
  writeFileSync(MANIFEST, `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
}

function restore(): void {
  if (existsSync(KEPT)) renameSync(KEPT, MANIFEST);
}

function refuse(): void {
  console.error('✖ Publish the tarball, not the folder: npm pack && npm publish ./quorlite-*.tgz');
  process.exitCode = 1;
}
