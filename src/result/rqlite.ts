/**
 * Results as rqlite's HTTP API gives them (its command encoding in JSON):
 * key order, omitted zeros, number and text forms, types.
 *
 * The text is built as one string and encoded once: for results of any size that is faster than
 * writing bytes value by value.
 */

import { assert } from '../base/assert.ts';
import { decodeText, encodeText } from '../base/bytes.ts';
import { encodeReplyFailure } from './failure.ts';
import type { ResultFormat } from './format.ts';
import { jsonBase64, jsonByteArray, jsonInteger, jsonReal, jsonText } from './json.ts';
import { timeOfInteger, timeOfText } from './time.ts';
import type {
  ChangesResult,
  ResultColumn,
  ResultRow,
  ResultValue,
  ResultWriter,
} from './writer.ts';

/** How values of a column are shown beyond their own type. */
type ColumnKind = 'plain' | 'boolean' | 'time' | 'text';

/** What is known of a column list before any row, made once per prepared statement. */
interface Shape {
  readonly kinds: readonly ColumnKind[];
  /** True when every kind is `plain`. */
  readonly plain: boolean;
  readonly names: readonly string[];
  /** Declared types folded; empty where the first row must tell. */
  readonly types: readonly string[];
  readonly untyped: boolean;
  /** `"columns":[…],"types":[…]`, when no type is missing. */
  readonly header: string;
  /** Associative: places of the columns in the order of their keys, duplicates gone. */
  readonly order: readonly number[];
  /** Associative: `"key":` per column. */
  readonly keys: readonly string[];
}

const shapes = new WeakMap<readonly ResultColumn[], Shape>();

/** Writes rqlite's JSON. */
export class RqliteWriter implements ResultWriter {
  readonly #format: ResultFormat;
  #text = '';
  #failure: string | null = null;
  /** The result that `openRows` began. */
  #open: { readonly shape: Shape; readonly before: string; any: boolean } | null = null;

  constructor(format: ResultFormat) {
    this.#format = format;
  }

  get length(): number {
    return this.#text.length;
  }

  changes({ lastInsertId, rowsAffected, seconds }: ChangesResult): void {
    let members = lastInsertId === 0n ? '' : `,"last_insert_id":${jsonInteger(lastInsertId)}`;
    if (rowsAffected !== 0) members += `,"rows_affected":${rowsAffected}`;
    members += this.#time(seconds);
    if (this.#format.associative) members += ',"rows":null';
    this.#begin();
    this.#text += `{${members.slice(1)}}`;
  }

  rows(columns: readonly ResultColumn[], rows: readonly ResultRow[], seconds: number): void {
    this.openRows(columns, rows);
    this.closeRows(seconds);
  }

  openRows(columns: readonly ResultColumn[], first: readonly ResultRow[]): void {
    assert(this.#open === null, () => 'Cannot open rows: the result before is still open');
    const shape = shapeOf(columns);
    this.#open = { shape, before: this.#text, any: false };
    this.#begin();
    const types = shape.untyped ? typesOf(shape, first[0]) : shape.types;
    if (this.#format.associative) this.#text += associativeHeader(shape, types);
    else this.#text += `{${shape.untyped ? plainHeader(shape.names, types) : shape.header}`;
    this.moreRows(first);
  }

  moreRows(rows: readonly ResultRow[]): void {
    const open = this.#open;
    assert(open !== null, () => 'Cannot add rows: no result is open');
    if (rows.length === 0) return;
    const { shape } = open;
    const { associative } = this.#format;
    let text = open.any ? ',' : associative ? '' : shape.names.length > 0 ? ',"values":[' : '';
    open.any = true;
    let separator = '';
    for (const row of rows) {
      text += separator + (associative ? this.#object(shape, row) : this.#array(shape, row));
      separator = ',';
    }
    this.#text += text;
  }

  closeRows(seconds: number): void {
    const open = this.#open;
    assert(open !== null, () => 'Cannot close rows: no result is open');
    this.#open = null;
    if (open.any || this.#format.associative) this.#text += ']';
    const isEmpty = this.#text.endsWith('{');
    this.#text += `${isEmpty ? this.#time(seconds).slice(1) : this.#time(seconds)}}`;
  }

  abandonRows(): void {
    assert(this.#open !== null, () => 'Cannot abandon rows: no result is open');
    this.#text = this.#open.before;
    this.#open = null;
  }

  rewind(length: number): void {
    assert(this.#open === null, () => 'Cannot rewind: a result is still open');
    this.#text = this.#text.slice(0, length);
  }

  error(message: string, fromRead: boolean): void {
    this.#begin();
    const rows = fromRead && this.#format.associative ? '"rows":[],' : '';
    this.#text += `{${rows}"error":${jsonText(message)}}`;
  }

  finish(): Uint8Array {
    assert(this.#open === null, () => 'Cannot finish: a result is still open');
    return this.#failure === null ? encodeResult(this.#text) : encodeReplyFailure(this.#failure);
  }

  #begin(): void {
    if (this.#text !== '') this.#text += ',';
  }

  #time(seconds: number): string {
    return this.#format.timings && seconds > 0 ? `,"time":${jsonReal(seconds)}` : '';
  }

  #array(shape: Shape, row: ResultRow): string {
    const { kinds, plain } = shape;
    let text = '[';
    for (let at = 0; at < row.length; at++) {
      if (at > 0) text += ',';
      const value = row[at] ?? null;
      // The commonest kinds first, and without a call.
      if (typeof value === 'bigint' && plain) text += jsonInteger(value);
      else if (typeof value === 'string' && plain) text += jsonText(value);
      else text += this.#value(value, kinds[at] ?? 'plain');
    }
    return `${text}]`;
  }

  #object(shape: Shape, row: ResultRow): string {
    let text = '{';
    for (const at of shape.order) {
      if (text.length > 1) text += ',';
      text += (shape.keys[at] ?? '') + this.#value(row[at] ?? null, shape.kinds[at] ?? 'plain');
    }
    return `${text}}`;
  }

  #value(value: ResultValue, kind: ColumnKind): string {
    if (value === null) return 'null';
    if (typeof value === 'string') return jsonText(kind === 'time' ? timeOfText(value) : value);
    if (typeof value === 'bigint') {
      if (kind === 'boolean') return value > 0n ? 'true' : 'false';
      const time = kind === 'time' ? timeOfInteger(value) : null;
      return time === null ? jsonInteger(value) : `"${time}"`;
    }
    if (typeof value === 'number')
      return Number.isFinite(value) ? jsonReal(value) : this.#fail(value);
    if (kind === 'text') return jsonText(decodeText(value));
    return this.#format.blobArrays ? jsonByteArray(value) : jsonBase64(value);
  }

  /** Go's encoder gives up on infinities, and with it the whole reply. */
  #fail(value: number): string {
    this.#failure ??=
      'json: error calling MarshalJSON for type *http.DBResults: json: unsupported value: ' +
      (value > 0 ? '+Inf' : '-Inf');
    return 'null';
  }
}

const encoder = new TextEncoder();
/** Small results share memory: allocating for each would cost more than encoding it. */
const SLAB_BYTES = 65_536;
const SMALL_LENGTH = 1_024;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

function encodeResult(text: string): Uint8Array {
  if (text.length > SMALL_LENGTH) return encodeText(text);
  // A UTF-16 unit is at most three bytes.
  if (slabUsed + text.length * 3 > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  const from = slabUsed;
  slabUsed += encoder.encodeInto(text, slab.subarray(from)).written;
  return slab.subarray(from, slabUsed);
}

function shapeOf(columns: readonly ResultColumn[]): Shape {
  const known = shapes.get(columns);
  if (known !== undefined) return known;
  const names = columns.map(({ name }) => name);
  const types = columns.map(({ type }) => (type ?? '').toLowerCase());
  const kinds = types.map(kindOf);
  const places = new Map(names.map((name, at) => [name, at]));
  const shape: Shape = {
    kinds,
    plain: kinds.every((kind) => kind === 'plain' || kind === 'text'),
    names,
    types,
    untyped: types.includes(''),
    header: plainHeader(names, types),
    order: [...places.keys()].sort().map((name) => places.get(name) ?? 0),
    keys: names.map((name) => `${jsonText(name)}:`),
  };
  shapes.set(columns, shape);
  return shape;
}

/** By the type's exact text, as go-sqlite3 and rqlite compare it. */
function kindOf(type: string): ColumnKind {
  if (type === 'boolean') return 'boolean';
  if (type === 'date' || type === 'datetime' || type === 'timestamp') return 'time';
  const isText =
    type === 'text' ||
    type === 'json' ||
    /^(?:varchar|varying character|nchar|native character|nvarchar|clob)/.test(type);
  return isText ? 'text' : 'plain';
}

/** Types with the gaps filled from the first row; NULL tells nothing. */
function typesOf(shape: Shape, row: ResultRow | undefined): readonly string[] {
  if (row === undefined) return shape.types;
  return shape.types.map((type, at) => (type === '' ? typeOfValue(row[at] ?? null) : type));
}

function typeOfValue(value: ResultValue): string {
  if (value === null) return '';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return 'real';
  return typeof value === 'string' ? 'text' : 'blob';
}

function plainHeader(names: readonly string[], types: readonly string[]): string {
  if (names.length === 0) return '';
  return `"columns":[${names.map(jsonText).join(',')}],"types":[${types.map(jsonText).join(',')}]`;
}

function associativeHeader(shape: Shape, types: readonly string[]): string {
  const members = shape.order.map((at) => (shape.keys[at] ?? '') + jsonText(types[at] ?? ''));
  return `{${members.length > 0 ? `"types":{${members.join(',')}},` : ''}"rows":[`;
}
