import type { RowMode } from '../options.ts';
import { displayWidth, pad } from './width.ts';

/** A value as it came from the cluster. */
export type Cell = null | boolean | number | bigint | string | Uint8Array;

/** The rows of one statement. */
export interface RowSet {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** `rows` as text that ends with a line break; empty when there is nothing to show. */
export function formatRows(rows: RowSet, mode: RowMode): string {
  if (rows.columns.length === 0) return '';
  switch (mode) {
    case 'table':
      return formatTable(rows);
    case 'csv':
      return formatCsv(rows);
    case 'json':
      return formatJson(rows);
    case 'line':
      return formatLines(rows);
  }
}

function formatTable({ columns, rows }: RowSet): string {
  const header = columns.map((name) => visible(name));
  const cells = rows.map((row) =>
    row.map((cell) => (cell === null ? 'NULL' : visible(plain(cell)))),
  );
  const widths = header.map((name, column) =>
    cells.reduce(
      (widest, row) => Math.max(widest, displayWidth(row[column] ?? '')),
      displayWidth(name),
    ),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const lines = cells.map((row, at) => {
    const padded = row.map((text, column) =>
      pad(text, widths[column] ?? 0, isNumber(rows[at]?.[column]) ? 'right' : 'left'),
    );
    return `| ${padded.join(' | ')} |`;
  });
  const titles = header.map((name, column) => pad(name, widths[column] ?? 0, 'left'));
  const frame = [rule, `| ${titles.join(' | ')} |`, rule, ...lines];
  return `${[...frame, ...(lines.length === 0 ? [] : [rule])].join('\n')}\n`;
}

/** RFC 4180 with line feeds; NULL is an empty field, an empty text is `""`. */
function formatCsv({ columns, rows }: RowSet): string {
  const field = (cell: Cell): string => {
    if (cell === null) return '';
    const value = plain(cell);
    return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return `${[columns, ...rows].map((row) => row.map(field).join(',')).join('\n')}\n`;
}

/** One object per line in an array; integers of any size stay digits. */
function formatJson({ columns, rows }: RowSet): string {
  const objects = rows.map((row) => {
    const members = columns.map((name, at) => `${JSON.stringify(name)}:${jsonOf(row[at] ?? null)}`);
    return `{${members.join(',')}}`;
  });
  return `[${objects.join(',\n')}]\n`;
}

/** One `name = value` per line, names aligned, a blank line between rows. */
function formatLines({ columns, rows }: RowSet): string {
  const names = columns.map((name) => visible(name));
  const width = Math.max(...names.map(displayWidth));
  const blocks = rows.map((row) =>
    row
      .map((cell, at) => {
        const value = cell === null ? 'NULL' : visible(plain(cell), '\n\t');
        return `${pad(names[at] ?? '', width, 'right')} = ${value}\n`;
      })
      .join(''),
  );
  return blocks.join('\n');
}

function isNumber(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || typeof cell === 'bigint';
}

function plain(cell: Exclude<Cell, null>): string {
  if (typeof cell === 'boolean') return cell ? 'true' : 'false';
  if (cell instanceof Uint8Array) return `x'${Buffer.from(cell).toString('hex')}'`;
  return String(cell);
}

function jsonOf(cell: Cell): string {
  if (typeof cell === 'bigint') return String(cell);
  return JSON.stringify(cell instanceof Uint8Array ? plain(cell) : cell);
}

/** Text with control characters spelled out, so that data cannot drive the terminal. */
function visible(text: string, keep = ''): string {
  // Tabs and line breaks are the common ones; C0, DEL and C1 are all there are.
  return text.replaceAll(/[\0-\x1f\x7f-\x9f]/g, (character) => {
    if (keep.includes(character)) return character;
    if (character === '\n') return String.raw`\n`;
    if (character === '\t') return String.raw`\t`;
    return String.raw`\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
