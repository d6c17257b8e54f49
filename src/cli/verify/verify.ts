import type { Verification } from '../../client/index.ts';
import { connectTo } from '../connect.ts';
import type { VerifyOptions } from '../options.ts';

/** `quorlite verify`: resolves with 0 when all nodes hold the same, 1 when one differs. */
export async function verify(options: VerifyOptions, url: string | null): Promise<number> {
  await using client = await connectTo(url);
  const verdict = judge(await client.verify({ timeoutMs: options.timeout }));
  process.stdout.write(verdict.text);
  return verdict.equal ? 0 : 1;
}

/** What a comparison means, in words. Every node must have answered, with the same. */
export function judge({ index, nodes }: Verification): {
  readonly equal: boolean;
  readonly text: string;
} {
  const hashes = new Set(nodes.map(({ hash }) => hash).filter((hash) => hash !== null));
  const silent = nodes.filter(({ hash }) => hash === null);
  const equal = nodes.length > 0 && silent.length === 0 && hashes.size === 1;
  const width = Math.max(0, ...nodes.map(({ id }) => id.length));
  const lines = nodes.map(({ id, url, hash, error }) => {
    const said = hash ?? `cannot answer: ${error ?? 'no reason given'}`;
    return `${id.padEnd(width)}  ${url}  ${hash === null ? said : `at ${index}  ${said}`}`;
  });
  return {
    equal,
    text: `${[...lines, conclusion(equal, hashes.size, silent.length)].join('\n')}\n`,
  };
}

function conclusion(equal: boolean, hashes: number, silent: number): string {
  if (equal) return 'All nodes hold the same.';
  if (hashes > 1) return 'THE NODES DIFFER.';
  if (silent > 0) return `${silent} of the nodes could not answer; the others are equal.`;
  return 'No node answered.';
}
