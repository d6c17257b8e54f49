/**
 * The second line of defence on the writer's connection. `sql/classify.ts` refuses by the text;
 * this sees what SQLite itself makes of it, views and triggers included.
 */

import { isInternalName } from '../sql/reserved.ts';
import type { Connection } from './driver.ts';

const OK = 0;
const DENY = 1;

/** Action codes of https://www.sqlite.org/c3ref/c_alter_table.html. */
const ACTION = {
  delete: 9,
  insert: 18,
  pragma: 19,
  read: 20,
  update: 23,
  attach: 24,
  detach: 25,
  alterTable: 26,
  function: 31,
} as const;

/** CREATE and DROP of everything but virtual tables: 1 to 8 and 10 to 17; their table is named. */
const CREATE_FIRST = 1;
const DROP_FIRST = 10;
const DROP_LAST = 17;
/** CREATE_VTABLE and DROP_VTABLE. */
const VIRTUAL_TABLE = [29, 30];
/** CREATE and DROP of TEMP objects. */
const TEMPORARY = new Set([3, 4, 5, 6, 12, 13, 14, 15]);

const FORBIDDEN_FUNCTIONS = new Set(['load_extension', 'fts3_tokenizer']);

/** Virtual tables that show pages or programs of this node. */
const FORBIDDEN_TABLES = new Set(['sqlite_dbpage', 'bytecode', 'tables_used']);

/** What SQLite said it would do while a statement was prepared. */
export interface Observed {
  /** The numbers of the connection that it, or a trigger of it, asks for. */
  readonly uses: { changes: boolean; lastInsertRowid: boolean };
  /** It writes the planner's statistics as a table. */
  writesStatistics: boolean;
}

/** Before SQLite has said anything. */
export function nothingObserved(): Observed {
  return { uses: { changes: false, lastInsertRowid: false }, writesStatistics: false };
}

/** Watches a connection. It lets everything pass unless a user's statement is under way. */
export class Guard {
  /** True while a user's statement is being prepared or executed. */
  active = false;
  /** Reset before each preparation. */
  observed: Observed = nothingObserved();
  /** Why the last statement was denied. */
  reason: string | null = null;

  constructor(connection: Connection) {
    connection.setAuthorizer((action, first, second) =>
      this.active ? this.#decide(action, first, second) : OK,
    );
  }

  #decide(action: number, first: string | null, second: string | null): number {
    const name = (first ?? '').toLowerCase();
    switch (action) {
      case ACTION.attach:
      case ACTION.detach:
        return this.#deny('databases cannot be attached');
      case ACTION.function:
        return this.#function((second ?? '').toLowerCase());
      case ACTION.read:
        return FORBIDDEN_TABLES.has(name) ? this.#deny(`${name} differs from node to node`) : OK;
      case ACTION.insert:
      case ACTION.update:
      case ACTION.delete:
        if (name.startsWith('sqlite_stat')) this.observed.writesStatistics = true;
        return this.#written(name);
      case ACTION.alterTable:
        return this.#written((second ?? '').toLowerCase());
      default:
        return this.#schema(action, name, (second ?? '').toLowerCase());
    }
  }

  #function(name: string): number {
    if (name === 'changes') this.observed.uses.changes = true;
    if (name === 'last_insert_rowid') this.observed.uses.lastInsertRowid = true;
    return FORBIDDEN_FUNCTIONS.has(name) ? this.#deny(`${name}() may not be used`) : OK;
  }

  #schema(action: number, name: string, table: string): number {
    if (TEMPORARY.has(action)) return this.#deny('temporary objects belong to one connection');
    // Dropped, they would go on working until the connection is opened again.
    if (action >= DROP_FIRST && action <= DROP_LAST && name.startsWith('sqlite_stat'))
      return this.#deny(`${name} belongs to ANALYZE; delete its rows instead`);
    const isSchema =
      (action >= CREATE_FIRST && action <= DROP_LAST) || VIRTUAL_TABLE.includes(action);
    return isSchema && (isInternalName(name) || isInternalName(table)) ? this.#written(name) : OK;
  }

  #written(name: string): number {
    return isInternalName(name) ? this.#deny(`${name} belongs to quorlite`) : OK;
  }

  #deny(reason: string): number {
    this.reason = `not authorized: ${reason}`;
    return DENY;
  }
}
