import { checkChangelog } from './changelog.ts';
import { checkComments } from './comments.ts';
import { checkDead } from './dead.ts';
import { checkFunctions } from './functions.ts';
import { checkImports } from './imports.ts';
import { checkPackages } from './packages.ts';
import { checkPlaces } from './places.ts';
import {
  type Check,
  type Finding,
  type Repository,
  type SourceFile,
  lineAt,
} from './repository.ts';
import { checkSizes } from './sizes.ts';
import { checkWords } from './words.ts';

/** Every check by the name that an exception uses. */
export const CHECKS: Readonly<Record<string, Check>> = {
  changelog: checkChangelog,
  comments: checkComments,
  dead: checkDead,
  functions: checkFunctions,
  imports: checkImports,
  packages: checkPackages,
  places: checkPlaces,
  sizes: checkSizes,
  words: checkWords,
};

/** An exception: `// tidy-allow <check>: why this once`, on the line or right above it. */
const ALLOW = /tidy-allow ([a-z]+)(?:: (\S.*))?/g;

interface Allowed {
  readonly file: string;
  readonly line: number;
  readonly check: string;
  readonly reason: string | undefined;
}

/**
 * Runs every check and returns what is wrong, in the order of files and lines.
 *
 * An exception needs a reason, and one that allows nothing is itself a finding.
 */
export function checkAll(repository: Repository): Finding[] {
  const allowed = repository.sources.flatMap(findAllowed);
  const used = new Set<Allowed>();
  const findings = Object.entries(CHECKS).flatMap(([name, check]) =>
    check(repository).filter((finding) => {
      const exception = allowed.find((each) => covers(each, name, finding));
      if (exception !== undefined) used.add(exception);
      return exception === undefined;
    }),
  );
  const idle = allowed.filter((each) => !used.has(each) || each.reason === undefined);
  return [...findings, ...idle.map(judgeAllowed)].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line,
  );
}

function findAllowed(file: SourceFile): Allowed[] {
  return [...file.comments.matchAll(ALLOW)].map(({ 1: check, 2: reason, index }) => ({
    file: file.path,
    line: lineAt(file.text, index),
    check: check ?? '',
    reason,
  }));
}

function covers(allowed: Allowed, check: string, { file, line }: Finding): boolean {
  const near = line === allowed.line || line === allowed.line + 1;
  return allowed.check === check && allowed.file === file && near;
}

function judgeAllowed({ file, line, check, reason }: Allowed): Finding {
  const message =
    reason === undefined
      ? `tidy-allow ${check} needs a reason: "tidy-allow ${check}: why"`
      : `tidy-allow ${check} allows nothing here: delete it`;
  return { file, line, message };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
