/**
 * Tests that change the network or mount file systems, in namespaces of their own: the machine
 * never sees any of it, everything is gone with the processes, and root is not needed where the
 * kernel lets users make namespaces.
 *
 * Such a test runs its own file a second time inside the namespaces, for this one scenario.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { inspect } from 'node:util';

/** Set in the inner process to the name of the scenario it is for. */
const INSIDE = 'QUORLITE_FAULT_INSIDE';

/** Ways to get namespaces: as root, else as root of a user namespace. */
const WAYS: readonly (readonly string[])[] = [[], ['--user', '--map-root-user']];

/** What a test has for itself; without a network of its own it has the machine's loopback. */
const NAMESPACES = { mounts: ['--mount'], network: ['--mount', '--net'] } as const;

const OUTPUT_CHARACTERS_MAX = 20_000;

/** A test in namespaces. */
export interface IsolatedTest {
  /** `import.meta.filename` of the test. */
  readonly file: string;
  readonly name: string;
  readonly own: keyof typeof NAMESPACES;
  /** Shell commands that work where the test can be run; they are tried inside, at its start. */
  readonly needs: string;
  readonly scenario: () => Promise<void>;
}

/** Declares a test in namespaces of its own; skipped, with the reason, where there can be none. */
export function isolatedTest(declared: IsolatedTest): void {
  const { file, name, scenario } = declared;
  const inside = process.env[INSIDE] ?? '';
  if (inside === name) {
    runInside(scenario);
  } else if (inside === '') {
    const found = findWay(declared);
    const skip = 'reason' in found ? found.reason : false;
    test(name, { skip }, async (context) => {
      if ('way' in found) await runOutside(found.way, { file, name, signal: context.signal });
    });
  }
}

/** Runs a program and returns what it printed; throws what it complained about. */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
}

function findWay({
  own,
  needs,
}: IsolatedTest): { readonly way: readonly string[] } | { readonly reason: string } {
  let reason = '';
  for (const user of WAYS) {
    const way = [...user, ...NAMESPACES[own]];
    const script = `set -e; exec 2>&1; ${needs}`;
    const tried = spawnSync('unshare', [...way, 'sh', '-c', script], { encoding: 'utf8' });
    if (tried.status === 0) return { way };
    const said = tried.error?.message ?? `${tried.stdout}${tried.stderr}`;
    reason = said.trim().replaceAll(/\s+/g, ' ') || `it ended with ${tried.status}`;
  }
  return { reason: `this machine does not allow it (unshare; ${needs}): ${reason}` };
}

async function runOutside(
  way: readonly string[],
  what: { readonly file: string; readonly name: string; readonly signal: AbortSignal },
): Promise<void> {
  // Without this the inner process would think it reports to the runner of the outer one.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn('unshare', [...way, process.execPath, what.file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...environment, [INSIDE]: what.name },
    signal: what.signal,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`Inside the namespaces it ended with ${code}:\n${output}`);
}

function runInside(scenario: () => Promise<void>): void {
  // Ends with the outer process, however that ends; nodes end with this one.
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
  scenario().catch((error: unknown) => {
    for (let shown = error; shown !== undefined;) {
      // What failed at cleaning up comes with what failed before.
      process.stderr.write(`${inspect(shown instanceof SuppressedError ? shown.error : shown)}\n`);
      shown = shown instanceof SuppressedError ? shown.suppressed : undefined;
    }
    process.exitCode = 1;
  });
}
