import type { Operation, ReadForm, ReadLevel, Workload } from './workload.ts';

/** What issue "three nodes that take real SQL" asks for; a later one raises it. */
const MANY_CLIENTS_RATIO_MIN = 1.3;
const SCAN_RATIO_MIN = 1.3;
const LINEARIZABLE_RATIO_MIN = 4;

/**
 * Reads by primary key: `none` and `weak` at the leader, `linearizable` at a follower, where it is
 * hardest. rqlite 8.26 answers the word `linearizable` with a weak read, so it is asked for
 * `strong`, which promises as much.
 */
export const POINT_READS: readonly Workload[] = (['none', 'weak', 'linearizable'] as const).flatMap(
  (level) =>
    (['text', 'bound'] as const).flatMap((form) =>
      [1, 64].map((clients) => pointRead(level, form, clients)),
    ),
);

/** Reads of 1,000 rows in one answer. */
export const SCANS: readonly Workload[] = [
  {
    name: 'scan/4',
    role: 'leader',
    clients: 4,
    operation: { kind: 'scan', level: 'none' },
    rqliteOperation: { kind: 'scan', level: 'none' },
    ratioMin: SCAN_RATIO_MIN,
    quick: true,
  },
];

function pointRead(level: ReadLevel, form: ReadForm, clients: number): Workload {
  const atLevel = (asked: ReadLevel): Operation => ({ kind: 'point-read', level: asked, form });
  const linearizable = level === 'linearizable';
  return {
    name: `read/${level}/${form}/${clients}`,
    role: linearizable ? 'follower' : 'leader',
    clients,
    operation: atLevel(level),
    rqliteOperation: atLevel(linearizable ? 'strong' : level),
    ratioMin: pointReadRatioMin(linearizable, clients),
    quick: form === 'text' && clients === 64,
  };
}

function pointReadRatioMin(linearizable: boolean, clients: number): number | null {
  if (linearizable) return LINEARIZABLE_RATIO_MIN;
  return clients === 64 ? MANY_CLIENTS_RATIO_MIN : null;
}
