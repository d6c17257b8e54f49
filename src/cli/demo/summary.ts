import type { Audit } from './ledger.ts';
import { medianAndMax } from './outages.ts';

/** One node's content at the end; null when it could not tell. */
export interface NodeHash {
  readonly id: string;
  readonly hash: string | null;
  /** Why it could not tell. */
  readonly error: string | null;
}

/** Everything the end of a run says. */
export interface Summary {
  /** Null when the end could not be checked, and why then. */
  readonly audit: Audit | null;
  readonly problem: string | null;
  readonly reads: number;
  /** One line for every read that broke a promise, and every total that is wrong. */
  readonly violations: readonly string[];
  readonly kills: number;
  readonly leaderKills: number;
  readonly longestOutageMs: number;
  readonly failoversMs: readonly number[];
  readonly hashes: readonly NodeHash[];
}

const VIOLATIONS_SHOWN = 5;

/** Whether every promise was kept and this could be seen. */
export function isSound(summary: Summary): boolean {
  const { audit, hashes } = summary;
  if (audit === null || summary.problem !== null || summary.violations.length > 0) return false;
  const kept = audit.lost === 0 && audit.duplicated === 0 && audit.unexpected === 0;
  const first = hashes[0]?.hash ?? null;
  return kept && first !== null && hashes.every(({ hash }) => hash === first);
}

/** The summary as lines for people. */
export function formatSummary(summary: Summary): string {
  const lines = [
    ...auditLines(summary.audit),
    line('reads', `${summary.reads} linearizable, ${summary.violations.length} wrong`),
    line('kills', `${summary.kills} (${summary.leaderKills} of the leader)`),
    line('longest write outage', ms(summary.longestOutageMs)),
    line('leader killed to next write', failoverText(summary.failoversMs)),
    ...summary.hashes.map(({ id, hash, error }) =>
      line(`content of ${id}`, hash ?? `not told: ${error ?? 'no answer'}`),
    ),
    ...summary.violations.slice(0, VIOLATIONS_SHOWN).map((text) => line('wrong', text)),
    ...(summary.problem === null ? [] : [line('not finished', summary.problem)]),
  ];
  const verdict = isSound(summary)
    ? 'Nothing acknowledged was lost, nothing happened twice, and all nodes are equal.'
    : 'THIS RUN IS NOT CLEAN.';
  return `\n${lines.join('\n')}\n\n${verdict}\n`;
}

function auditLines(audit: Audit | null): readonly string[] {
  if (audit === null) return [];
  return [
    line('acknowledged', String(audit.acknowledged)),
    line('unknown', `${audit.unknown} (${audit.unknownFound} of them happened)`),
    line('refused', String(audit.refused)),
    line('lost', String(audit.lost)),
    line('duplicated', String(audit.duplicated)),
    line('unexpected', String(audit.unexpected)),
  ];
}

function failoverText(timesMs: readonly number[]): string {
  const times = medianAndMax(timesMs);
  if (times === null) return 'never needed';
  return `median ${ms(times.medianMs)}, max ${ms(times.maxMs)}`;
}

function line(name: string, value: string): string {
  return `${name.padEnd(28)} ${value}`;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
