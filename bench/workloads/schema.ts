/** Tables and statements that all systems share, so that they do the same work. */
import { SCAN_ROWS } from './workload.ts';

/** A statement as rqlite's API takes it: the text, then its parameters. */
export type Statement = readonly [string, ...(string | number)[]];

/** Makes the tables; once, on a new database. */
export const SCHEMA: readonly string[] = [
  'CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL)',
  'CREATE TABLE batch (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL)',
  'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER NOT NULL)',
  'CREATE TABLE beacon (id INTEGER PRIMARY KEY)',
];

export const INSERT_PERSON = 'INSERT INTO person(name, age) VALUES(?, ?)';
export const INSERT_BATCH = 'INSERT INTO batch(name, age) VALUES(?, ?)';
export const INSERT_BEACON = 'INSERT INTO beacon(id) VALUES(?)';
export const SELECT_ITEM = 'SELECT id, name, age FROM item WHERE id = ?';
export const SELECT_ITEMS = 'SELECT id, name, age FROM item';
export const COUNT_ROWS = 'SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM batch)';
export const SELECT_BEACONS = 'SELECT id FROM beacon';

/** The text of a point read whose key is not a parameter. */
export function selectItemText(id: number): string {
  return SELECT_ITEM.replace('?', String(id));
}

/** Parameters of the nth insert: a name of 12 characters, and an age. */
export function personOf(n: number): readonly [string, number] {
  return [`name ${String(n % 10_000_000).padStart(7, '0')}`, n % 100];
}

/** Fills the table that reads look at. */
export function itemStatements(): readonly Statement[] {
  return Array.from({ length: SCAN_ROWS }, (_, n) => [
    'INSERT INTO item(id, name, age) VALUES(?, ?, ?)',
    n + 1,
    ...personOf(n + 1),
  ]);
}
