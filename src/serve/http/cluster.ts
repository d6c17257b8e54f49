import { QuorliteError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import { parseRemove, parseStepdown } from './body-json.ts';
import type { ColdHandler } from './cold.ts';
import { locationOn } from './handler.ts';
import { nodeDocument, nodesJson } from './nodes.ts';
import { statusDocument, subDocument, type StatusSources } from './status.ts';

/** What `/status` needs besides the database. */
export type ServerStatus = Pick<
  StatusSources,
  'version' | 'address' | 'startedAt' | 'connections' | 'inFlight'
>;

/** `/status` is about this node: one that hangs elsewhere, when it is wanted most, is no reason. */
const ASKING_NOBODY = 0;

/** `GET /nodes` */
export function nodesHandler(database: Database): ColdHandler {
  return async ({ answers, response, parameters }) => {
    const nodes = await database.nodes(parameters.timeoutMs);
    const shown = parameters.nonVoters ? nodes : nodes.filter(({ voter }) => voter);
    answers.jsonText(response, nodesJson(shown, parameters.version), parameters.pretty);
  };
}

/** `GET /leader` */
export function leaderHandler(database: Database): ColdHandler {
  return ({ answers, response, parameters }) => {
    const leader = database.leader();
    if (leader === null) answers.error(response, NO_LEADER);
    else answers.json(response, nodeDocument(leader), parameters.pretty);
  };
}

/** `POST /leader`: hands leadership over; always waits until it happened. */
export function stepdownHandler(database: Database): ColdHandler {
  return async (exchange) => {
    const { answers, response, request, body, parameters } = exchange;
    const asked = parseStepdown(body, request.headers['content-type']);
    if (asked.error !== undefined) {
      answers.error(response, { status: 400, text: asked.error });
    } else if (!redirects(database, exchange)) {
      const before = database.leader()?.clientAddress;
      try {
        await database.transferLeadership(asked.id, parameters.timeoutMs);
      } catch (error) {
        if (!(error instanceof QuorliteError) || error.code !== 'membership') throw error;
        throw new QuorliteError(error.code, `stepdown: ${error.message}`, { cause: error });
      }
      answers.empty(response, 200, before);
    }
  };
}

/** `DELETE /remove` */
export function removeHandler(database: Database): ColdHandler {
  return async (exchange) => {
    const { answers, response, body, parameters } = exchange;
    const id = parseRemove(body);
    if (id === null) {
      answers.empty(response, 400);
    } else if (!redirects(database, exchange)) {
      await database.remove(id, parameters.timeoutMs);
      answers.empty(response, 200, database.leader()?.clientAddress);
    }
  };
}

/** `POST /verify` (ours): the content of all nodes at one index. */
export function verifyHandler(database: Database): ColdHandler {
  return async ({ answers, response, parameters }) => {
    const { index, nodes } = await database.verify(parameters.timeoutMs);
    const document = {
      index,
      nodes: nodes.map(({ id, clientAddress, hash, error }) => ({
        id,
        api_addr: `http://${clientAddress}`,
        hash,
        error,
      })),
    };
    answers.json(response, document, parameters.pretty);
  };
}

/** `POST /snapshot`: 204 when there was nothing to do. */
export function snapshotHandler(database: Database): ColdHandler {
  return async ({ answers, response }) => {
    answers.empty(response, (await database.compact()) ? 200 : 204);
  };
}

/** `GET /status` */
export function statusHandler(database: Database, server: () => ServerStatus): ColdHandler {
  return async ({ answers, response, parameters, logger }) => {
    const nodes = await database.nodes(ASKING_NOBODY).catch((error: unknown) => {
      // A status without the list of nodes is better than none while there is no leader.
      logger.debug?.('Cannot ask the nodes for /status', { error });
      return [];
    });
    const readiness = database.readiness();
    const document = statusDocument({
      ...server(),
      database: database.status(),
      nodes,
      ready: readiness.store && readiness.leader !== null,
    });
    answers.json(response, subDocument(document, parameters.key), parameters.pretty);
  };
}

const NO_LEADER = { status: 503, text: 'leader not found', code: 'no-leader' } as const;

/** Answers with the leader's address when this node is another one and the client wants that. */
function redirects(database: Database, exchange: Parameters<ColdHandler>[0]): boolean {
  const { answers, response, parameters, target } = exchange;
  if (!parameters.redirect) return false;
  const leader = database.leader();
  if (leader?.id === database.status().nodeId) return false;
  if (leader === null) answers.error(response, NO_LEADER);
  else answers.redirect(response, locationOn(leader.clientAddress, target));
  return true;
}
