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
