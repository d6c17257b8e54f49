import { type Finding, type Repository, type SourceFile, isTest } from './repository.ts';

const EXPORT = new RegExp(
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?/.source +
    /(function\*?|class|interface|type|const|let) +([\w$]+)/.source,
);

/** Wants a doc comment on every export of src/. */
export function checkComments(repository: Repository): Finding[] {
  return repository.sources
    .filter(({ path }) => path.startsWith('src/') && !isTest(path))
    .flatMap(checkFile);
}

function checkFile(file: SourceFile): Finding[] {
  const named = new Set<string>();
  const comments = file.comments.split('\n');
  return file.code.split('\n').flatMap((code, i) => {
    const [, kind, name] = EXPORT.exec(code) ?? [];
    if (kind === undefined || name === undefined) return [];
    // The first of several overloads speaks for all of them.
    const overload = kind === 'function' && named.has(name);
    named.add(name);
    if (overload || hasDocAbove(comments, i)) return [];
    const message = `${name} is exported without a /** comment */: say what it promises`;
    return [{ file: file.path, line: i + 1, message }];
  });
}

/** Whether the lines right above end with a doc comment; remarks to tools may stand between. */
function hasDocAbove(comments: readonly string[], index: number): boolean {
  let i = index - 1;
  while (comments[i]?.startsWith('//')) i--;
  if (!comments[i]?.trimEnd().endsWith('*/')) return false;
  while (i > 0 && !comments[i]?.includes('/*')) i--;
  return comments[i]?.startsWith('/**') ?? false;
}
