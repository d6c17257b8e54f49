import type { GroupId } from '../base/ids.ts';
import type { SnapshotMark } from '../raft/effects.ts';
import type { Entry, HardState, Index } from '../raft/entry.ts';
import type { Change } from './ledger.ts';
import type { Meta } from './meta.ts';
import type { GroupSummary } from './record.ts';
import type { Recovered } from './recover.ts';

/** A group as it comes back from the journal. */
export interface RecoveredGroup {
  readonly hardState: HardState;
  /** Where the log starts; null when at entry 1. */
  readonly mark: SnapshotMark | null;
  /** All entries after the mark, without gaps. */
  readonly entries: Entry[];
  /** Known committed; never beyond the last entry. */
  readonly commit: Index;
  /** Why acknowledged entries may be missing (protocol.md 2.7), or null. */
  readonly recovering: string | null;
}

/** Every group, and what has to be written down so that the next start sees the same. */
export interface Conclusion {
  readonly groups: Map<GroupId, RecoveredGroup>;
  readonly repairs: readonly Change[];
}

/**
 * Draws the groups together from the frames and meta, and decides which of them are recovering.
 * Repairs are also entered in the ledger by whoever writes them.
 */
export function conclude(recovered: Recovered, meta: Meta): Conclusion {
  const { replay } = recovered;
  const groups = new Map<GroupId, RecoveredGroup>();
  const repairs: Change[] = [];
  const metaStates = new Map(meta.groups.map(({ group, hardState }) => [group, hardState]));
  for (const summary of replay.ledger.summaries()) {
    const { group } = summary;
    const known = concludeGroup(recovered, {
      summary,
      meta,
      inMeta: metaStates.get(group) ?? null,
    });
    groups.set(group, known.group);
    repairs.push(...known.repairs);
  }
  for (const [group, hardState] of metaStates) {
    if (groups.has(group) || replay.forgotten.has(group)) continue;
    const reason = `nothing of it is left in the journal, and meta knows its term`;
    groups.set(group, { hardState, mark: null, entries: [], commit: 0, recovering: reason });
    repairs.push({ kind: 'hard-state', group, hardState }, { kind: 'recovering', group, reason });
  }
  return { groups, repairs };
}

interface GroupInput {
  readonly summary: GroupSummary;
  readonly meta: Meta;
  readonly inMeta: HardState | null;
}

function concludeGroup(
  recovered: Recovered,
  input: GroupInput,
): { readonly group: RecoveredGroup; readonly repairs: Change[] } {
  const { summary } = input;
  const { group, mark } = summary;
  const start = mark?.index ?? 0;
  const log = recovered.replay.logs.get(group);
  const { entries, missing } = log?.after(start) ?? { entries: [], missing: null };
  const repairs: Change[] = [];
  if (missing !== null) {
    // A truncation: what is behind the hole must not come back once the hole is filled.
    const last = missing - 1;
    repairs.push({ kind: 'entries', group, first: missing, last, bytes: 0, commit: 0 });
  }
  const vote = concludeVote(recovered, input, entries);
  const last = start + entries.length;
  const reason =
    summary.recovering ??
    recovered.lossy ??
    recovered.replay.damaged.get(group) ??
    (missing === null ? null : `entry ${missing} is missing or damaged`) ??
    vote.reason ??
    (summary.commit > last ? `entry ${summary.commit} was committed, ${last} is the last` : null);
  if (!sameState(vote.hardState, summary.hardState)) {
    repairs.push({ kind: 'hard-state', group, hardState: vote.hardState });
  }
  if (reason !== summary.recovering) repairs.push({ kind: 'recovering', group, reason });
  // Where frames are missing, what is there may have been replaced by what is not: then the leader
  // says what is committed.
  const commit = reason === null ? Math.min(Math.max(summary.commit, start), last) : start;
  return {
    group: { hardState: vote.hardState, mark, entries, commit, recovering: reason },
    repairs,
  };
}

/**
 * The term and vote, and why they show that frames were lost. Meta is written after the frame, so a
 * newer state there means that the frame is gone. Where the vote in the newest term is unknown the
 * node takes it as given to itself: then it votes for nobody else in that term.
 */
function concludeVote(
  recovered: Recovered,
  input: GroupInput,
  entries: readonly Entry[],
): { readonly hardState: HardState; readonly reason: string | null } {
  const { summary, meta, inMeta } = input;
  const self = meta.identity.node;
  const found = summary.hardState;
  let hardState = found;
  let reason: string | null = null;
  if (inMeta !== null && isNewer(inMeta, found)) {
    hardState = inMeta;
    reason = `meta knows term ${inMeta.term}, the journal only ${found.term}`;
  } else if (recovered.replay.voteLost.has(summary.group)) {
    const votedSame = inMeta !== null && inMeta.term === found.term;
    hardState = votedSame ? inMeta : { term: found.term, vote: self };
    reason = `the record of its vote in term ${found.term} is damaged`;
  } else if (recovered.lossy !== null && inMeta === null && !meta.complete) {
    hardState = { term: found.term, vote: found.vote ?? self };
  }
  const newest = entries.at(-1)?.term ?? 0;
  const term = Math.max(newest, summary.mark?.term ?? 0);
  if (term > hardState.term) {
    hardState = { term, vote: self };
    reason ??= `entries of term ${term} are there, the record of that term is not`;
  }
  return { hardState, reason };
}

function isNewer(inMeta: HardState, inJournal: HardState): boolean {
  if (inMeta.term !== inJournal.term) return inMeta.term > inJournal.term;
  return inMeta.vote !== null && inMeta.vote !== inJournal.vote;
}

function sameState(left: HardState, right: HardState): boolean {
  return left.term === right.term && left.vote === right.vote;
}
