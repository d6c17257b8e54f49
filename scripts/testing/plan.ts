/** What one call of `npm test` runs. */
export interface Plan {
  /** Files that share one process: everything beside the source. */
  readonly units: readonly string[];
  /** Files that each get a process of their own: everything under `test/`. */
  readonly integration: readonly string[];
  /** Flags for `node --test` itself, such as `--test-name-pattern=...`. */
  readonly flags: readonly string[];
}

/** Folders whose tests `npm test` runs when it is given none. */
const FOLDERS: readonly string[] = ['src', 'sim', 'scripts', 'test'];

/**
 * Turns command line arguments into a plan: paths are files or folders, the rest are flags.
 *
 * @param list the files at or under a path; none when it does not exist
 */
export function planTests(
  args: readonly string[],
  list: (path: string) => readonly string[],
): Plan {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const paths = args.filter((arg) => !arg.startsWith('-')).map(tidyPath);
  const files = (paths.length === 0 ? FOLDERS : paths).flatMap((path) => list(path));
  const tests = [...new Set(files)].filter((file) => file.endsWith('.test.ts'));
  return {
    units: tests.filter((file) => !file.startsWith('test/')),
    integration: tests.filter((file) => file.startsWith('test/')),
    flags,
  };
}

function tidyPath(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/+$/, '');
}
