/** A table as Markdown that is also readable on a terminal: the first column left, others right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, column)).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** A rate with three digits that matter: `813`, `9,210`, `37.9k`, `2.54M`; a dash when unknown. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return '-';
  if (perSecond < 9999.5) return Math.round(perSecond).toLocaleString('en-US');
  if (perSecond < 99_950) return `${(perSecond / 1e3).toFixed(1)}k`;
  if (perSecond < 999_500) return `${(perSecond / 1e3).toFixed(0)}k`;
  return `${(perSecond / 1e6).toFixed(2)}M`;
}

/** A number with so many digits after the point; a dash when unknown. */
export function formatNumber(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}

/** Milliseconds with about three digits that matter. */
export function formatMs(value: number | null): string {
  if (value === null) return '-';
  return value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 1);
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
