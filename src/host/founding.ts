import { QuorliteError } from '../base/errors.ts';
import type { Address } from '../base/ids.ts';
import { EMPTY_CONFIG, encodeConfig } from '../raft/config-codec.ts';
import type { Member } from '../raft/config.ts';
import type { Write } from '../raft/effects.ts';

/**
 * The first write of a new cluster: entry 1 in term 1 names its members. The founder alone writes
 * it; the others start empty and get it by replication, so there is exactly one first entry.
 */
export function foundingWrite(members: readonly Member[]): Write {
  const config = { ...EMPTY_CONFIG, voters: members.map(({ id }) => id), members };
  return {
    ticket: 0,
    hardState: { term: 1, vote: null },
    installed: null,
    entries: [{ index: 1, term: 1, kind: 'config', data: encodeConfig(config) }],
    compacted: null,
    commit: 0,
  };
}

/**
 * Who founds a cluster, as one text that is equal on all of them: the addresses given with `--join`
 * and the node's own. Empty when it founds nothing. Each founder waits for all the others, and each
 * is on one list only: two clusters cannot come of one list, whatever finds together first.
 *
 * @throws {QuorliteError} `configuration` when the founders are not as many as are expected
 */
export function foundersOf(options: {
  /** The address that others are told. */
  readonly self: Address;
  readonly join: readonly Address[];
  readonly expect: number;
}): string {
  const { self, join, expect } = options;
  if (expect === 0) return '';
  const addresses = [...new Set([...join, self])].sort();
  if (addresses.length === expect) return addresses.join(',');
  throw new QuorliteError(
    'configuration',
    `Cannot wait for ${expect} founders: --join and the own address of this node name ` +
      `${addresses.length} (${addresses.join(', ')}). Give every founder the same --join, all of ` +
      'them by the address they tell others (--peer-advertise), and their number as ' +
      '--bootstrap-expect',
  );
}
