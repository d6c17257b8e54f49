import { type Repository, fileAt } from './repository.ts';

/** The slice of package.json that the checks read. */
export interface Manifest {
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Reads package.json; a repository without one has an empty manifest. */
export function readManifest(repository: Repository): Manifest {
  const file = fileAt(repository, 'package.json');
  return file === undefined ? {} : (JSON.parse(file.text) as Manifest);
}

/** The source of each built file that `exports` names, with the subpath that names it. */
export function exportedSources(manifest: Manifest): { subpath: string; source: string }[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
    (typeof target === 'string' ? [target] : Object.values(target)).map((path) => ({
      subpath,
      source: path
        .replace(/^\.\//, '')
        .replace(/^dist\//, 'src/')
        .replace(/\.d\.ts$|\.js$/, '.ts'),
    })),
  );
}
