import { posix } from 'node:path';

import { type Masked, mask } from './mask.ts';

/** One thing that is wrong, at a place, with what to do about it. */
export interface Finding {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Looks at the whole repository and says what is wrong. */
export type Check = (repository: Repository) => readonly Finding[];

/** One text file. */
export interface TextFile {
  /** Relative to the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** One file of TypeScript. */
export interface SourceFile extends TextFile, Masked {
  /** The module names after `from` and `import`, in order. */
  readonly imports: readonly { readonly specifier: string; readonly line: number }[];
}

/** What the checks see: every text file, with the TypeScript taken apart. */
export interface Repository {
  readonly texts: readonly TextFile[];
  readonly sources: readonly SourceFile[];
}

/** Builds a repository from the texts of its files. */
export function makeRepository(files: Readonly<Record<string, string>>): Repository {
  const texts = Object.entries(files).map(([path, text]) => ({
    path,
    text,
    lines: text.split('\n'),
  }));
  return { texts, sources: texts.filter((file) => file.path.endsWith('.ts')).map(takeApart) };
}

/** The file at `path`, if there is one. */
export function fileAt(repository: Repository, path: string): TextFile | undefined {
  return repository.texts.find((file) => file.path === path);
}

/** The line, counted from 1, that holds the character at `offset`. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

/** Tests, and the suites that several implementations of one port share. */
export function isTest(path: string): boolean {
  return /\.(?:test|suite)\.ts$/.test(path);
}

/** The path a relative module name means, seen from the file that names it. */
export function resolveFrom(importer: string, specifier: string): string {
  return posix.join(posix.dirname(importer), specifier);
}

function takeApart(file: TextFile): SourceFile {
  const masked = mask(file.text);
  const imports = masked.strings
    .filter(({ at }) => isModuleName(masked.code.slice(Math.max(0, at - 30), at)))
    .map(({ at, value }) => ({ specifier: value, line: lineAt(file.text, at) }));
  return { ...file, ...masked, imports };
}

function isModuleName(codeBefore: string): boolean {
  return /(?:^|[^.\w])(?:from\s*|import\s*|import\(\s*)$/.test(codeBefore);
}
