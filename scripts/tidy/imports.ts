import { ROOMS, TEST_IMPORTS } from '../rooms.ts';
import {
  type Finding,
  type Repository,
  type SourceFile,
  isTest,
  resolveFrom,
} from './repository.ts';

/** Holds the table of rooms: who may import whom, and what the thinking rooms may not touch. */
export function checkImports(repository: Repository): Finding[] {
  return repository.sources.filter((file) => file.path.startsWith('src/')).flatMap(checkFile);
}

function checkFile(file: SourceFile): Finding[] {
  const name = roomOf(file.path);
  const room = ROOMS[name];
  if (room === undefined) {
    const message = `src/${name} is no room: add it to scripts/rooms.ts, or move the file`;
    return [{ file: file.path, line: 1, message }];
  }
  const test = isTest(file.path);
  const allowed = [name, ...room.imports, ...(test ? TEST_IMPORTS : [])];
  return file.imports.flatMap(({ specifier, line }) => {
    const message = specifier.startsWith('.')
      ? judgeOwn(name, allowed, resolveFrom(file.path, specifier))
      : room.thinking && !test
        ? `${name} is a thinking room and imports nothing but rooms: pass in what it needs of ` +
          `'${specifier}'`
        : undefined;
    return message === undefined ? [] : [{ file: file.path, line, message }];
  });
}

function judgeOwn(name: string, allowed: readonly string[], target: string): string | undefined {
  if (!target.startsWith('src/')) {
    return `src/ does not import ${target}: nobody imports what is outside of it`;
  }
  const other = roomOf(target);
  if (allowed.includes(other)) return undefined;
  return (
    `${name} may not import ${other}: declare what it needs as an interface in ${name}, ` +
    `or decide on a new edge in scripts/rooms.ts`
  );
}

/** The folder below src/; a file right there is its own room, together with its test. */
function roomOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.(?:test|suite)\.ts$/, '.ts');
}
