/** A text of TypeScript taken apart; every part keeps the offsets and lines of the original. */
export interface Masked {
  /** The text with comments and the insides of strings, templates and regexes blanked. */
  readonly code: string;
  /** The text with everything but comments blanked. */
  readonly comments: string;
  /** The literal strings in quotes, with the offset of the opening quote. */
  readonly strings: readonly { readonly at: number; readonly value: string }[];
}

type Kind = 'code' | 'comment' | 'literal';

/** Words after which a slash begins a regex, although a name would make it a division. */
const BEFORE_REGEX = /\b(?:return|typeof|case|in|of|do|else|void|delete|throw|yield|await)$/;

/**
 * Separates code, comments and literals without a parser.
 *
 * It knows nesting of templates and guesses regexes from the sign before the slash, which is right
 * for formatted code.
 */
export function mask(text: string): Masked {
  const code = blank(text);
  const comments = blank(text);
  const strings: { at: number; value: string }[] = [];
  /** For each open `${`, how many braces are open inside it. */
  const templates: number[] = [];
  let at = 0;

  const take = (end: number, kind: Kind): void => {
    if (kind === 'code') for (let i = at; i < end; i++) code[i] = text.charAt(i);
    if (kind === 'comment') for (let i = at; i < end; i++) comments[i] = text.charAt(i);
    if (kind === 'literal') {
      code[at] = text.charAt(at);
      code[end - 1] = text.charAt(end - 1);
    }
    at = end;
  };
  const template = (): void => {
    const end = endOfTemplate(text, at + 1);
    const opens = text.startsWith('${', end - 2);
    take(end, 'literal');
    if (opens) templates.push(0);
  };

  while (at < text.length) {
    const char = text.charAt(at);
    const pair = text.slice(at, at + 2);
    const depth = templates.at(-1);
    if (pair === '//' || (pair === '#!' && at === 0)) take(lineEnd(text, at), 'comment');
    else if (pair === '/*') take(after(text, '*/', at + 2), 'comment');
    else if (char === "'" || char === '"') {
      const end = endOfQuoted(text, at);
      strings.push({ at, value: text.slice(at + 1, end - 1) });
      take(end, 'literal');
    } else if (char === '`') template();
    else if (char === '/' && beginsRegex(code, at)) take(endOfRegex(text, at), 'literal');
    else if (char === '}' && depth === 0) {
      templates.pop();
      template();
    } else {
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      take(at + 1, 'code');
    }
  }
  return { code: code.join(''), comments: comments.join(''), strings };
}

function blank(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => (text.charAt(i) === '\n' ? '\n' : ' '));
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function after(text: string, closing: string, from: number): number {
  const found = text.indexOf(closing, from);
  return found === -1 ? text.length : found + closing.length;
}

function endOfQuoted(text: string, from: number): number {
  const quote = text.charAt(from);
  let i = from + 1;
  while (i < text.length && text.charAt(i) !== quote && text.charAt(i) !== '\n') {
    i += text.charAt(i) === '\\' ? 2 : 1;
  }
  return Math.min(i + 1, text.length);
}

/** The offset after the closing backtick, or after the `${` that interrupts the template. */
function endOfTemplate(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    if (text.charAt(i) === '`') return i + 1;
    if (text.startsWith('${', i)) return i + 2;
    i += text.charAt(i) === '\\' ? 2 : 1;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  let i = from + 1;
  while (i < text.length && text.charAt(i) !== '\n') {
    const char = text.charAt(i);
    if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
    i += char === '\\' ? 2 : 1;
  }
  return i;
}

function beginsRegex(code: readonly string[], at: number): boolean {
  let i = at - 1;
  while (i >= 0 && /\s/.test(code[i] ?? '')) i--;
  if (i < 0) return true;
  const before = code.slice(Math.max(0, i - 10), i + 1).join('');
  return BEFORE_REGEX.test(before) || /[-+*%^<>=~!&|?:;,({[}]$/.test(before);
}
