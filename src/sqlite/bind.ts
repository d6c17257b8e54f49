import type { Statement } from '../command/command.ts';
import type { BoundValue, SqlValue } from './driver.ts';
import type { Part } from './program.ts';

/** The values for one execution, or why there are not enough. */
export type Binding =
  | { readonly ok: true; readonly values: readonly BoundValue[] }
  | { readonly ok: false; readonly message: string };

/**
 * Chooses what `part` is bound to, as go-sqlite3 does, which rqlite's clients are used to:
 * positional values go to parameters by their number, named ones included, and the statements of
 * one text consume them one after the other (`start` is where this one begins); named values go to
 * whatever prefix the name has; surplus is ignored, too few are an error.
 */
export function bind(part: Part, statement: Statement, start: number): Binding {
  const { names } = part;
  const { positional, named } = statement;
  const want = names.length;
  if (!part.hasNames && positional.length === want && start === 0)
    return { ok: true, values: positional };
  const got = positional.length + named.length - start;
  if (got < want)
    return {
      ok: false,
      message: `not enough args to execute query: want ${want} got ${Math.max(0, got)}`,
    };
  const mine = positional.slice(start, start + want);
  if (!part.hasNames) return { ok: true, values: mine };
  return { ok: true, values: bindNames(names, mine, named) };
}

function bindNames(
  names: readonly (string | null)[],
  positional: readonly SqlValue[],
  named: Statement['named'],
): BoundValue[] {
  const byName: Record<string, SqlValue> = {};
  const anonymous: SqlValue[] = [];
  names.forEach((name, at) => {
    const value = positional[at] ?? null;
    if (name === null || name.startsWith('?')) anonymous.push(value);
    else byName[name] = value;
  });
  const known = new Set(names);
  for (const [name, value] of named)
    for (const spelling of [name, `:${name}`, `@${name}`, `$${name}`])
      if (known.has(spelling) && !spelling.startsWith('?')) byName[spelling] = value;
  return [byName, ...anonymous];
}
