/** What happened at least once in some run, or the runs prove nothing about it. */
export const COUNTERS = [
  'elections',
  'preVotesRefused',
  'votesRefused',
  'conflictsTruncated',
  'compactions',
  'snapshotsSent',
  'snapshotsInstalled',
  'jointConfigurations',
  'learnersPromoted',
  'removals',
  'transfers',
  'transfersAborted',
  'processCrashes',
  'powerLosses',
  'tornTails',
  'damagedTails',
  'recoveringStarts',
  'recoveringExits',
  'refusedStarts',
  'refusedIdentities',
  'diskFailures',
  'diskFullRefusals',
  'leaseReads',
  'followerReads',
  'strongReads',
  'staleReads',
  'staleReadsRefused',
  'writesForwarded',
  'unknownOutcomes',
  'superseded',
  'statesSpoiled',
  'divergencesFound',
  'divergencesRepaired',
  'wrongLeadersStopped',
  'wrongReadsRefused',
  'verifications',
  'verificationsPartial',
  'verificationsDiffering',
] as const;

/** The name of a counter. */
export type Counter = (typeof COUNTERS)[number];

/** How often each thing happened. */
export type Coverage = { [name in Counter]: number };

/** All zero. */
export function noCoverage(): Coverage {
  return Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Coverage;
}

/** Adds `more` to `sum`. */
export function addCoverage(sum: Coverage, more: Coverage): void {
  for (const name of COUNTERS) sum[name] += more[name];
}
