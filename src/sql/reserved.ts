/**
 * Names that no statement of a user may use, wherever in it they stand. Most statements are cleared
 * by one search of their text; only where that finds something are tokens looked at, because the
 * same letters in a string literal or a comment are nobody's business.
 */

import { findName, type NameUse } from './names.ts';
import { answersForOneNode } from './pragmas.ts';

/** Tables, indexes and triggers of our own begin with this (DESIGN 6). */
export const INTERNAL_PREFIX = '__quorlite_';

const SUSPICIOUS = /__quorlite_|load_extension|pragma_optimize/i;
const SUSPICIOUS_IN_WRITE = /pragma_|dbstat/i;

/** Why `sql` must be refused for a name it uses; null when there is no reason. */
export function refuseNames(sql: string): string | null {
  if (!SUSPICIOUS.test(sql)) return null;
  const use = findName(sql, isReserved);
  return use === null ? null : `Cannot use ${use.name}: ${reasonFor(use.name)}`;
}

/**
 * Why a replicated write must be refused for a table-valued function it uses, whose rows differ
 * from node to node; null when there is no reason.
 */
export function refuseLocalNames(sql: string): string | null {
  if (!SUSPICIOUS_IN_WRITE.test(sql)) return null;
  const use = findName(sql, isLocal);
  return use === null
    ? null
    : `Cannot use ${use.name} in a write: its answer differs from node to node`;
}

/**
 * Why `CREATE VIRTUAL TABLE` must be refused: what its module makes of the arguments is unknown
 * (fts5 reads `content='a'` as a table's name), so there even a string literal counts.
 */
export function refuseModuleArguments(sql: string): string | null {
  if (!/__quorlite_/i.test(sql)) return null;
  return `Cannot use ${INTERNAL_PREFIX}*: ${reasonFor(INTERNAL_PREFIX)}`;
}

/** Whether `name`, in any case, is one of ours. */
export function isInternalName(name: string): boolean {
  return name.slice(0, INTERNAL_PREFIX.length).toLowerCase() === INTERNAL_PREFIX;
}

function isReserved({ name, isCalled }: NameUse): boolean {
  if (isInternalName(name) || name === 'pragma_optimize') return true;
  return name === 'load_extension' && isCalled;
}

function reasonFor(name: string): string {
  if (name === 'load_extension') return 'extensions are not loaded by statements';
  if (name === 'pragma_optimize') return 'run ANALYZE instead';
  return `names that begin with ${INTERNAL_PREFIX} belong to quorlite`;
}

function isLocal({ name }: NameUse): boolean {
  if (name === 'dbstat') return true;
  return name.startsWith('pragma_') && answersForOneNode(name.slice('pragma_'.length));
}
