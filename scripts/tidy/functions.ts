import { type Finding, type Repository, type SourceFile, lineAt } from './repository.ts';

/** Lines of a function, braces included: a function fits a screen. */
export const FUNCTION_LINES_MAX = 70;

/** A dispatch may be long; this much may stand around its one `switch`. */
const AROUND_SWITCH_LINES_MAX = 15;

/** Words before a parenthesis that make it a statement, not a function. */
const STATEMENTS = /\b(?:if|for|while|switch|catch|with|await)\s*$/;

/** Holds functions to a screen; a dispatch and a `describe` may be longer. */
export function checkFunctions(repository: Repository): Finding[] {
  return repository.sources.flatMap((file) =>
    findBodies(file.code)
      .map((body) => ({ ...body, lines: linesOf(file, body) }))
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .filter((body) => !isDescribe(file.code, body) && !isDispatch(file, body))
      .map(({ open, lines }) => ({
        file: file.path,
        line: lineAt(file.text, open),
        message:
          `${lines} lines in one function are more than ${FUNCTION_LINES_MAX}: ` +
          'keep the branches here, move straight pieces out',
      })),
  );
}

/** From one brace to the other. */
interface Body {
  readonly open: number;
  readonly close: number;
}

/** Finds the bodies of functions, methods and arrows in masked code. */
export function findBodies(code: string): Body[] {
  const pairs = matchBrackets(code);
  const opens = new Set<number>();
  for (const { index } of code.matchAll(/=>\s*\{/g)) opens.add(code.indexOf('{', index));
  for (const [open, close] of pairs) {
    if (code.charAt(open) !== '(' || STATEMENTS.test(code.slice(Math.max(0, open - 20), open))) {
      continue;
    }
    const next = skipSpace(code, close + 1);
    if (code.charAt(next) === '{') opens.add(next);
    else if (code.charAt(next) === ':') {
      const body = skipType(code, next + 1, pairs);
      if (body !== undefined) opens.add(body);
    }
  }
  return [...opens]
    .sort((a, b) => a - b)
    .map((open) => ({ open, close: pairs.get(open) ?? code.length }));
}

/** The closing bracket of each opening one. */
function matchBrackets(code: string): Map<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (const { 0: sign, index } of code.matchAll(/[()[\]{}]/g)) {
    if ('([{'.includes(sign)) {
      open.push(index);
      continue;
    }
    const start = open.pop();
    if (start !== undefined) pairs.set(start, index);
  }
  return pairs;
}

/**
 * The brace that opens a body after the return type at `from`, if there is one.
 *
 * A brace after an operator belongs to a type literal; one after a whole type opens the body.
 */
function skipType(
  code: string,
  from: number,
  pairs: ReadonlyMap<number, number>,
): number | undefined {
  let angles = 0;
  let last = ':';
  for (let i = skipSpace(code, from); i < code.length; i = skipSpace(code, i + 1)) {
    const char = code.charAt(i);
    if (char === '{' && !':|&<,'.includes(last)) return i;
    if ('{[('.includes(char)) i = pairs.get(i) ?? code.length;
    else if (char === '<') angles++;
    else if (char === '>') angles--;
    else if (';)]}='.includes(char) || (char === ',' && angles === 0)) return undefined;
    last = char;
  }
  return undefined;
}

function skipSpace(code: string, from: number): number {
  let i = from;
  while (i < code.length && /\s/.test(code.charAt(i))) i++;
  return i;
}

function linesOf(file: SourceFile, { open, close }: Body): number {
  return lineAt(file.text, close) - lineAt(file.text, open) + 1;
}

function isDescribe(code: string, { open }: Body): boolean {
  const line = code.slice(code.lastIndexOf('\n', open) + 1, open);
  return /\b(?:describe|suite)(?:\.\w+)?\(/.test(line);
}

function isDispatch(file: SourceFile, body: Body): boolean {
  const inside = file.code.slice(body.open, body.close);
  const pairs = matchBrackets(inside);
  return [...inside.matchAll(/\bswitch\s*\(/g)].some(({ 0: head, index }) => {
    const condition = index + head.length - 1;
    const open = inside.indexOf('{', pairs.get(condition) ?? condition);
    const close = pairs.get(open) ?? open;
    const lines = lineAt(inside, close) - lineAt(inside, open) + 1;
    return linesOf(file, body) - lines <= AROUND_SWITCH_LINES_MAX;
  });
}
