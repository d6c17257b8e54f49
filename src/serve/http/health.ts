import { messageOf } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import { formatToNumber } from '../../result/format.ts';
import type { ColdHandler } from './cold.ts';

const PLAIN = formatToNumber({
  protocol: 'rqlite',
  timings: false,
  associative: false,
  blobArrays: false,
});

/** `GET /readyz`: whether this node can serve, part by part, in rqlite's words. */
export function readyzHandler(database: Database): ColdHandler {
  return async ({ answers, response, parameters }) => {
    const lines = ['[+]node ok'];
    let ready = true;
    const fails = (line: string): void => {
      lines.push(line);
      ready = false;
    };
    if (answers.closing) fails('[+]node stopping');
    else if (!parameters.noLeader) await checkParts(database, parameters, lines, fails);
    answers.text(response, ready ? 200 : 503, lines.join('\n'));
  };
}

/** `GET /healthz`: the process runs and its event loop turns. */
export const healthzHandler: ColdHandler = ({ answers, response }) => {
  answers.text(response, 200, 'ok');
};

async function checkParts(
  database: Database,
  parameters: { readonly sync: boolean; readonly timeoutMs: number },
  lines: string[],
  fails: (line: string) => void,
): Promise<void> {
  const readiness = database.readiness();
  const leader = database.leader();
  if (readiness.leader === null) {
    fails('[+]leader does not exist');
    return;
  }
  if (leader !== null && !leader.reachable) {
    fails(`[+]leader not contactable: ${leader.error}`);
    return;
  }
  lines.push('[+]leader ok');
  if (!readiness.store) {
    fails('[+]store not ready');
    return;
  }
  lines.push('[+]store ok');
  if (parameters.sync) {
    try {
      await database.caughtUp(parameters.timeoutMs);
    } catch (error) {
      fails(`[+]sync ${messageOf(error)}`);
      return;
    }
    lines.push('[+]sync ok');
  }
  const problem = await queryProblem(database, parameters.timeoutMs);
  if (problem === null) lines.push('[+]db ok');
  else fails(`[+]db not ok: (${problem})`);
}

/** Reads something from the database file; null when that works. */
async function queryProblem(database: Database, timeoutMs: number): Promise<string | null> {
  try {
    const { body } = await database.query({
      statements: [{ sql: 'SELECT 1', positional: [], named: [] }],
      transaction: false,
      format: PLAIN,
      level: 'none',
      timeoutMs,
      statementTimeoutMs: timeoutMs,
      freshnessMs: 0,
      forward: false,
    });
    const text = Buffer.from(body).toString('utf8');
    return text.includes('"values":[[1]]') ? null : text;
  } catch (error) {
    return messageOf(error);
  }
}
