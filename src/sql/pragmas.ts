/**
 * What each PRAGMA does to a replicated database: the one table of them. Names and forms are those
 * of https://www.sqlite.org/pragma.html and `pragma_list` of SQLite 3.53. What is not in the table
 * is refused: SQLite gives no error for a pragma it does not know, and a newer one may know it.
 */

import type { Pragma } from './pragma.ts';

/**
 * - `read`: asks a question, changes nothing.
 * - `write`: changes the database file; replicated, inside a transaction like any write.
 * - `setting`: changes how later statements work; replicated, applied alone outside a transaction
 *   (inside one it does nothing) and to be remembered for connections opened later.
 * - `scoped`: like a setting, but SQLite forgets it when the transaction ends.
 * - `refused`: with the reason and, where there is one, what to do instead.
 */
export type PragmaUse =
  | { readonly kind: 'read' | 'write' | 'setting' | 'scoped' }
  | { readonly kind: 'refused'; readonly message: string };

interface PragmaRule {
  /** `PRAGMA name`. */
  readonly bare: PragmaUse;
  /** `PRAGMA name = value` and `PRAGMA name(value)`, which are one thing to SQLite. */
  readonly withValue: PragmaUse;
}

const READ: PragmaUse = { kind: 'read' };
const WRITE: PragmaUse = { kind: 'write' };
const SETTING: PragmaUse = { kind: 'setting' };
const SCOPED: PragmaUse = { kind: 'scoped' };

/** Questions about the content: every node gives the same answer. */
const CONTENT_QUESTIONS = [
  'foreign_key_check',
  'foreign_key_list',
  'index_info',
  'index_list',
  'index_xinfo',
  'integrity_check',
  'quick_check',
  'table_info',
  'table_xinfo',
];

/** Questions about the file, the build or the connection: nodes may answer differently. */
const NODE_QUESTIONS = [
  'collation_list',
  'compile_options',
  'data_version',
  'database_list',
  'freelist_count',
  'function_list',
  'module_list',
  'page_count',
  'pragma_list',
  // Follows the order of SQLite's schema in memory, and shows temporary tables.
  'table_list',
];

/** Readable settings that a statement may not change, with the reason. */
const FIXED: Readonly<Record<string, string>> = {
  analysis_limit: 'it belongs to one connection; run ANALYZE without it',
  auto_vacuum: 'it is fixed when the database is created',
  automatic_index: 'it belongs to one connection, and those are shared',
  busy_timeout: 'writers wait in a queue here; give the request a timeout instead',
  cache_size: 'connections are shared and sized by quorlite',
  cache_spill: 'connections are shared and sized by quorlite',
  case_sensitive_like: 'it would change what LIKE finds for everybody; use GLOB instead',
  cell_size_check: 'it belongs to one connection, and those are shared',
  checkpoint_fullfsync: 'the replicated log makes writes durable',
  count_changes: 'it is deprecated; use changes() or RETURNING',
  default_cache_size: 'it is deprecated, and connections are sized by quorlite',
  empty_result_callbacks: 'it is deprecated and changes nothing here',
  encoding: 'it is fixed when the database is created',
  full_column_names: 'it is deprecated; name the columns with AS',
  fullfsync: 'the replicated log makes writes durable',
  hard_heap_limit: 'it limits the whole process',
  ignore_check_constraints: 'it would let rows in that break the schema',
  journal_size_limit: 'quorlite looks after the write-ahead log by itself',
  legacy_alter_table: 'it belongs to one connection; ALTER TABLE works without it',
  locking_mode: 'quorlite itself shares the file between its connections',
  max_page_count: 'it belongs to one connection, and nodes would disagree on what fits',
  mmap_size: 'connections are shared and sized by quorlite',
  page_size: 'it is fixed when the database is created',
  read_uncommitted: 'it belongs to one connection; choose a read level with the request',
  reverse_unordered_selects: 'it would change rows that writes select; use ORDER BY',
  schema_version: 'a wrong one damages the database; SQLite keeps it by itself',
  secure_delete: 'it belongs to one connection, and those are shared',
  short_column_names: 'it is deprecated; name the columns with AS',
  soft_heap_limit: 'it limits the whole process',
  temp_store: 'connections are shared and sized by quorlite',
  temp_store_directory: 'it is deprecated and belongs to the whole process',
  threads: 'connections are shared and sized by quorlite',
  trusted_schema: 'replication needs it on',
  writable_schema: 'it lets a statement damage the schema; use ALTER TABLE',
};

/**
 * Also fixed, but with the words that rqlite's clients look for: rqlite answers `disallowed pragma`
 * to exactly these (http/service.go).
 */
const FIXED_IN_RQLITE: Readonly<Record<string, string>> = {
  journal_mode: 'a database here is always in WAL mode',
  query_only: 'what a statement may do is decided by how it is sent',
  synchronous: 'the replicated log makes writes durable',
  wal_autocheckpoint: 'quorlite checkpoints by itself',
};

const RULES = rules();

function rules(): ReadonlyMap<string, PragmaRule> {
  const table = new Map<string, PragmaRule>();
  for (const name of [...CONTENT_QUESTIONS, ...NODE_QUESTIONS])
    table.set(name, { bare: READ, withValue: READ });
  for (const [name, why] of Object.entries(FIXED))
    table.set(name, { bare: READ, withValue: refused(`Cannot set PRAGMA ${name}: ${why}`) });
  for (const [name, why] of Object.entries(FIXED_IN_RQLITE))
    table.set(name, { bare: READ, withValue: refused(`disallowed pragma: ${name}: ${why}`) });
  for (const name of ['application_id', 'user_version'])
    table.set(name, { bare: READ, withValue: WRITE });
  for (const name of ['foreign_keys', 'recursive_triggers'])
    table.set(name, { bare: READ, withValue: SETTING });
  table.set('defer_foreign_keys', { bare: READ, withValue: SCOPED });
  table.set('incremental_vacuum', { bare: WRITE, withValue: WRITE });
  for (const [name, message] of [
    ['wal_checkpoint', 'disallowed pragma: wal_checkpoint: quorlite checkpoints by itself'],
    [
      'optimize',
      'Cannot run PRAGMA optimize: what it does depends on what this node ran before; ' +
        'run ANALYZE instead',
    ],
    ['shrink_memory', 'Cannot run PRAGMA shrink_memory: connections are sized by quorlite'],
  ] as const)
    table.set(name, { bare: refused(message), withValue: refused(message) });
  return table;
}

function refused(message: string): PragmaUse {
  return { kind: 'refused', message };
}

/** What to do with a PRAGMA. */
export function usePragma(pragma: Pragma): PragmaUse {
  const { schema, name, value } = pragma;
  const rule = RULES.get(name);
  if (rule === undefined)
    return refused(`Cannot run PRAGMA ${name}: quorlite does not know what it does`);
  const use = value === null ? rule.bare : rule.withValue;
  if (schema === 'temp' && use.kind !== 'read' && use.kind !== 'refused')
    return refused(`Cannot run PRAGMA temp.${name}: temporary objects belong to one connection`);
  return use;
}

const SAME_EVERYWHERE = new Set([
  ...CONTENT_QUESTIONS,
  'application_id',
  'encoding',
  'user_version',
]);

/**
 * Whether `pragma_<name>` as a table-valued function gives an answer of this node alone, so that a
 * replicated write must not depend on it. Names that are no pragma are ordinary names.
 */
export function answersForOneNode(name: string): boolean {
  return RULES.has(name) && !SAME_EVERYWHERE.has(name);
}
