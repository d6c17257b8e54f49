import { type Finding, type Repository, type SourceFile, isTest, lineAt } from './repository.ts';

/** A pattern nobody writes here, and what to write instead. */
interface Banned {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Where to look: in the code, or in what is said about it. */
  readonly part: 'code' | 'comments';
  /** Only files of this kind; all when missing. */
  readonly where?: (path: string) => boolean;
}

const BANNED: readonly Banned[] = [
  {
    pattern: /\benum\s+\w+\s*\{/g,
    instead: 'no enum: use a union of string literals',
    part: 'code',
  },
  {
    pattern: /^\s*(?:private|protected|public)\s+[\w#*[]/gm,
    instead: 'no private, protected or public: a member is #name or public',
    part: 'code',
  },
  {
    pattern: /(?:[:<|&]|\bas|=>)\s*any\b(?!\s*[.(])|,\s*any\s*[,>]/g,
    instead: 'no any: use unknown and narrow it',
    part: 'code',
  },
  {
    pattern: /\bconsole\s*\./g,
    instead: 'no console: use the Logger you were given',
    part: 'code',
    where: (path) => path.startsWith('src/') && !path.startsWith('src/cli/') && !isTest(path),
  },
  {
    pattern: /\.only\(|\bonly:\s*true/g,
    instead: 'no .only: the other tests would not run',
    part: 'code',
    where: isTest,
  },
  {
    pattern: /\bawait\s+(?:\w+\.)?setTimeout\(|\bsleep\(|\bsetTimeout\(\s*resolve\b/g,
    instead: 'no sleep in a test: wait for the condition',
    part: 'code',
    where: isTest,
  },
  {
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/g,
    instead: 'no note to later: do it, or write down the limit and its reason',
    part: 'comments',
  },
];

/** Refuses words that have a better replacement. */
export function checkWords(repository: Repository): Finding[] {
  return repository.sources.flatMap((file) =>
    BANNED.filter(({ where }) => where?.(file.path) ?? true).flatMap((banned) =>
      findBanned(file, banned),
    ),
  );
}

function findBanned(file: SourceFile, { pattern, instead, part }: Banned): Finding[] {
  return [...file[part].matchAll(pattern)].map(({ 0: found, index }) => {
    const start = index + (found.length - found.trimStart().length);
    return { file: file.path, line: lineAt(file.text, start), message: instead };
  });
}
