import { createHash } from 'node:crypto';

import { DETERMINISM_VERSION } from './determinism.ts';
import { LENGTH_MAX, openHelper } from './driver.ts';

/** The database engine of this process. */
export interface EngineInfo {
  readonly sqliteVersion: string;
  readonly compileOptions: readonly string[];
}

/** What the engine says of itself, for status pages. */
export function engineInfo(): EngineInfo {
  const helper = openHelper();
  try {
    const sqliteVersion = String(helper.prepare('SELECT sqlite_version()').get()?.[0]);
    const compileOptions = helper.prepare('PRAGMA compile_options').all().map(String);
    return { sqliteVersion, compileOptions };
  } finally {
    helper.close();
  }
}

/**
 * Names everything that results of statements depend on beyond the statements: nodes with different
 * fingerprints must not replicate statements to each other. Begins with the version, for people.
 *
 * SQLite's version follows Node's, even within one major version; the same INSERT stores other
 * digits of a real number from one to the next.
 */
export function engineFingerprint(): string {
  const helper = openHelper();
  try {
    const source = String(helper.prepare('SELECT sqlite_source_id()').get()?.[0]);
    const { sqliteVersion, compileOptions } = engineInfo();
    // The compiler does not change answers, and its name differs between builds of one release.
    const options = compileOptions.filter((option) => !option.startsWith('COMPILER=')).sort();
    const hash = createHash('sha256')
      .update([source, ...options, String(LENGTH_MAX)].join('\n'))
      .digest('hex');
    return `sqlite ${sqliteVersion} ${hash.slice(0, 12)} rules ${DETERMINISM_VERSION}`;
  } finally {
    helper.close();
  }
}
