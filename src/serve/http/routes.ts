import type { Database } from '../../db/database.ts';
import {
  type ServerStatus,
  leaderHandler,
  nodesHandler,
  removeHandler,
  snapshotHandler,
  statusHandler,
  stepdownHandler,
  verifyHandler,
} from './cluster.ts';
import type { ColdHandler, ColdMethods } from './cold.ts';
import { healthzHandler, readyzHandler } from './health.ts';

const LANDING = `quorlite keeps a SQLite database alive on several machines.

This is its HTTP API, which is rqlite's:

  POST /db/execute     statements that write
  POST /db/query       statements that read; also GET /db/query?q=SELECT+1
  POST /db/request     either
  GET  /status         what this node is doing
  GET  /nodes          the members of the cluster
  GET  /leader         the leader; POST hands leadership over
  DELETE /remove       removes a member: {"id":"node2"}
  POST /snapshot       compacts the log
  POST /verify         compares the content of all nodes
  GET  /readyz         whether this node can serve
  GET  /healthz        whether this process lives
`;

/** Parts of rqlite's API that are not here; better a clear word than a 404. */
const UNAVAILABLE = [
  '/db/backup*',
  '/db/load*',
  '/db/sql*',
  '/boot',
  '/reap',
  '/licenses',
  '/debug/vars',
  '/debug/pprof*',
];

/** All routes but the hot ones; a `*` at the end matches by prefix, as rqlite does. */
export function coldRoutes(
  database: Database,
  server: () => ServerStatus,
): Readonly<Record<string, ColdMethods>> {
  const routes: Record<string, ColdMethods> = {
    '/': { GET: landing },
    '/status*': { GET: statusHandler(database, server) },
    '/nodes*': { GET: nodesHandler(database) },
    '/leader': { GET: leaderHandler(database), POST: stepdownHandler(database) },
    '/remove*': { DELETE: removeHandler(database) },
    '/snapshot': { POST: snapshotHandler(database) },
    '/verify': { POST: verifyHandler(database) },
    '/readyz*': { GET: readyzHandler(database) },
    '/healthz': { GET: healthzHandler },
  };
  for (const path of UNAVAILABLE) {
    routes[path] = { GET: unavailable, POST: unavailable };
  }
  return routes;
}

const landing: ColdHandler = ({ answers, response }) => {
  answers.text(response, 200, LANDING);
};

const unavailable: ColdHandler = ({ answers, response, target }) => {
  answers.error(response, {
    status: 501,
    text: `${target.path} is not available in this version`,
  });
};
