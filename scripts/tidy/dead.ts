import { exportedSources, readManifest } from './manifest.ts';
import { type Finding, type Repository, isTest, resolveFrom } from './repository.ts';

/** What `bin/quorlite.js` starts. */
const PROGRAM = 'src/cli/main.ts';

/**
 * Finds files of src/ that nobody uses.
 *
 * A relative path in a string counts as a use, as in `new URL('./worker.ts', import.meta.url)`.
 */
export function checkDead(repository: Repository): Finding[] {
  const used = new Set([
    PROGRAM,
    ...exportedSources(readManifest(repository)).map(({ source }) => source),
    ...repository.sources.flatMap((file) =>
      file.strings
        .filter(({ value }) => /^\.\.?\/[\w./-]+\.(?:ts|js)$/.test(value))
        .map(({ value }) => resolveFrom(file.path, value).replace(/\.js$/, '.ts'))
        .filter((target) => target !== file.path),
    ),
  ]);
  return repository.sources
    .filter(({ path }) => path.startsWith('src/') && !path.endsWith('.test.ts'))
    .filter(({ path }) => !used.has(path))
    .map(({ path }) => ({
      file: path,
      line: 1,
      message: isTest(path)
        ? 'no test runs this suite: call it from one, or delete it'
        : 'nobody imports this file: use it, or delete it',
    }));
}
