import { type Finding, type Repository } from './repository.ts';

/** Traces of the machine a file was written on; they mean nothing to anyone else. */
const PLACES: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  {
    pattern: /\/(?:work|root|Users\/\w+|home\/\w+)\/(?=[\w.])/,
    instead: 'names a folder of one machine: use a path inside the repository',
  },
  {
    pattern: /\.\.\/shared(?![\w.-])|\bresearch\/[\w-]+\.md\b/,
    instead: 'names a file outside the repository: say here what it says',
  },
  {
    pattern: /:\/\/[^\s/'"]*?\b(?:registry|artifactory|nexus|verdaccio)[.:]/i,
    instead: 'names a package registry: leave that to the configuration of each machine',
  },
];

/** Refuses what only makes sense on the machine where it was written. */
export function checkPlaces(repository: Repository): Finding[] {
  return repository.texts.flatMap((file) =>
    file.lines.flatMap((text, i) =>
      PLACES.filter(({ pattern }) => pattern.test(text)).map(({ instead }) => ({
        file: file.path,
        line: i + 1,
        message: instead,
      })),
    ),
  );
}
