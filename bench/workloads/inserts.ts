import type { Workload } from './workload.ts';

/** What issue "three nodes that take real SQL" asks for; a later one raises it. */
const ONE_CLIENT_RATIO_MIN = 1.6;
const MANY_CLIENTS_RATIO_MIN = 2.2;
const LARGE_TRANSACTION_RATIO_MIN = 4;

/** Parametrised inserts of one row, through the leader and through a follower. */
export const INSERTS: readonly Workload[] = (['leader', 'follower'] as const).flatMap((role) =>
  [1, 16, 64].map((clients) => ({
    name: `insert/${role}/${clients}`,
    role,
    clients,
    operation: { kind: 'insert' },
    rqliteOperation: { kind: 'insert' },
    ratioMin: insertRatioMin(clients),
    quick: clients !== 16,
  })),
);

/** Transactions of many inserts in one request, through the leader. */
export const TRANSACTIONS: readonly Workload[] = [100, 1000].flatMap((rows) =>
  [1, 4].map((clients) => ({
    name: `tx/${rows}/${clients}`,
    role: 'leader',
    clients,
    operation: { kind: 'transaction', rows },
    rqliteOperation: { kind: 'transaction', rows },
    ratioMin: rows === 1000 ? LARGE_TRANSACTION_RATIO_MIN : null,
    quick: rows === 1000 && clients === 4,
  })),
);

function insertRatioMin(clients: number): number | null {
  if (clients === 1) return ONE_CLIENT_RATIO_MIN;
  return clients === 64 ? MANY_CLIENTS_RATIO_MIN : null;
}
