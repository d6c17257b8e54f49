import { NO_BYTES } from '../base/bytes.ts';
import { encodeConfig } from './config-codec.ts';
import type { Config } from './config.ts';
import type { Entry, EntryKind, Index } from './entry.ts';
import type { State } from './state.ts';

/** Appends the leader's own commands; returns the index of the first. */
export function appendCommands(state: State, payloads: readonly Uint8Array[]): Index {
  return append(state, 'normal', payloads);
}

/** Appends the first word of a new leader (thesis 6.4): it commits what came before. */
export function appendNoop(state: State): Index {
  return append(state, 'noop', [NO_BYTES]);
}

/** Appends a configuration, which takes effect at once (thesis 4.1). */
export function appendConfig(state: State, config: Config): Index {
  return append(state, 'config', [encodeConfig(config)]);
}

function append(state: State, kind: EntryKind, payloads: readonly Uint8Array[]): Index {
  const first = state.log.last + 1;
  const entries: Entry[] = [];
  for (const data of payloads) {
    entries.push({ index: first + entries.length, term: state.term, kind, data });
  }
  state.log.append(entries, 0);
  state.configs.appended(entries, 0);
  state.writes.entriesChanged(first);
  return first;
}
