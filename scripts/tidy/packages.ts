import { exportedSources, readManifest } from './manifest.ts';
import { type Finding, type Repository, fileAt, isTest } from './repository.ts';

/** Holds package.json to the truth: what it exports exists, what src/ imports it declares. */
export function checkPackages(repository: Repository): Finding[] {
  return [
    ...checkEntries(repository),
    ...checkVersions(repository),
    ...checkDeclared(repository),
    ...checkLockfile(repository),
  ];
}

function checkEntries(repository: Repository): Finding[] {
  const manifest = readManifest(repository);
  const missingExports = exportedSources(manifest)
    .filter(({ source }) => fileAt(repository, source) === undefined)
    .map(({ subpath, source }) => inManifest(repository, subpath, `write ${source}`));
  const missingPrograms = Object.entries(manifest.bin ?? {})
    .filter(([, path]) => fileAt(repository, path) === undefined)
    .map(([name, path]) => inManifest(repository, name, `write ${path}`));
  return unique([...missingExports, ...missingPrograms]);
}

function checkVersions(repository: Repository): Finding[] {
  const { dependencies, devDependencies, optionalDependencies } = readManifest(repository);
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
    .map(([name, version]) =>
      inManifest(repository, name, `pin one exact version instead of ${version}`),
    );
}

function checkDeclared(repository: Repository): Finding[] {
  const declared = readManifest(repository).dependencies ?? {};
  return repository.sources
    .filter(({ path }) => path.startsWith('src/') && !isTest(path))
    .flatMap((file) =>
      file.imports
        .filter(({ specifier }) => !/^(?:\.|node:)/.test(specifier))
        .map(({ specifier, line }) => ({ name: packageName(specifier), line }))
        .filter(({ name }) => !(name in declared))
        .map(({ name, line }) => ({
          file: file.path,
          line,
          message: `${name} is not in the dependencies: users would not get it`,
        })),
    );
}

/** A lockfile that names a registry ties everyone to the one its author happened to use. */
function checkLockfile(repository: Repository): Finding[] {
  const file = fileAt(repository, 'package-lock.json');
  return (file?.lines ?? []).flatMap((text, i) =>
    /"resolved":\s*"https?:/.test(text)
      ? [
          {
            file: 'package-lock.json',
            line: i + 1,
            message:
              'names a registry: run `npm install` in the checkout, whose .npmrc leaves it out',
          },
        ]
      : [],
  );
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function inManifest(repository: Repository, key: string, instruction: string): Finding {
  const lines = fileAt(repository, 'package.json')?.lines ?? [];
  const line = lines.findIndex((text) => text.includes(`"${key}":`)) + 1;
  return { file: 'package.json', line: Math.max(line, 1), message: `${key}: ${instruction}` };
}

/** `types` and `default` lead to the same source: say it once. */
function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}
