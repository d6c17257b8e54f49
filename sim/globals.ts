/**
 * While a run is under way, everything in the language and in Node that is not determined by the
 * seed throws. Code under test has ports for all of it.
 */
import crypto from 'node:crypto';

const BANNED = [
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [Date, 'now'],
  [Math, 'random'],
  [performance, 'now'],
  [process, 'hrtime'],
  [globalThis.crypto, 'randomUUID'],
  [globalThis.crypto, 'getRandomValues'],
  [crypto, 'randomBytes'],
  [crypto, 'randomInt'],
  [crypto, 'randomUUID'],
  [crypto, 'randomFillSync'],
] as const;

/** Ends the ban. */
export interface Ban {
  lift(): void;
}

/** Makes non-deterministic globals throw until the ban is lifted. */
export function banNondeterminism(): Ban {
  const restore: (() => void)[] = [];
  for (const [owner, name] of BANNED) {
    const table = owner as unknown as Record<string, unknown>;
    const before = Object.getOwnPropertyDescriptor(owner, name);
    restore.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, before);
    });
    Object.defineProperty(table, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw new Error(`${name} is not determined by the seed: use a port`);
      },
    });
  }
  return {
    lift: () => {
      for (const undo of restore.reverse()) undo();
    },
  };
}
