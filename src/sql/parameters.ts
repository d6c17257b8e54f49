import { TokenCursor } from './tokenize.ts';

/** SQLITE_MAX_VARIABLE_NUMBER of the engine; it refuses statements with higher numbers. */
export const PARAMETER_NUMBER_MAX = 32_766;

/**
 * The parameters of a statement, as `sqlite3_bind_parameter_name` gives them: the element at
 * `number - 1` is the name as first written, prefix included (`?5`, `:a`, `$a::b`), or null for a
 * plain `?` and for numbers that are skipped. The length is `sqlite3_bind_parameter_count`.
 *
 * For `:a` twice there is one parameter, for `:a` and `@a` there are two.
 */
export function parameterNames(sql: string): (string | null)[] {
  const names: (string | null)[] = [];
  if (!/[?:@$#]/.test(sql)) return names;
  const numbers = new Map<string, number>();
  const cursor = new TokenCursor(sql);
  // Up to a semicolon: the ones inside a statement are in a trigger, which may have no parameters.
  while (cursor.nextSignificant() !== 'end' && !cursor.isMark(';')) {
    if (cursor.kind !== 'parameter') continue;
    const name = cursor.text;
    if (name === '?') names.push(null);
    else if (name.startsWith('?')) addNumbered(names, name);
    else if (!numbers.has(name)) numbers.set(name, names.push(name));
  }
  return names;
}

function addNumbered(names: (string | null)[], name: string): void {
  const number = Number(name.slice(1));
  // SQLite refuses the statement.
  if (number < 1 || number > PARAMETER_NUMBER_MAX) return;
  while (names.length < number) names.push(null);
  names[number - 1] ??= name;
}
