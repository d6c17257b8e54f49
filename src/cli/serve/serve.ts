import { flushCompileCache } from 'node:module';
import os from 'node:os';

import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { VERSION } from '../../base/version.ts';
import type { NodeOptions, RunningNode } from '../../db/node.ts';
import { openNode } from '../../db/open.ts';
import { DEFAULT_HTTP_LIMITS, HttpServer } from '../../serve/server.ts';
import { describeFailure } from '../failure.ts';
import { createLogger } from '../logger.ts';
import type { ServeOptions } from '../options.ts';
import { SUPERVISED_VARIABLE } from '../processes.ts';
import { checkServeOptions, exposureWarning } from './check.ts';
import { LateDatabase } from './late-database.ts';

/** Requests under way may finish within this. */
const GRACE_MS = 10_000;
const HAND_OVER_MS = 2000;
/** The node stopped by itself: EX_SOFTWARE of sysexits.h, which no other end of ours has. */
const STOPPED_ITSELF = 70;
const READ_WORKERS_MAX = 4;

/** `quorlite serve`: resolves with the exit code once the node has stopped. */
export async function serve(options: ServeOptions): Promise<number> {
  leaveWithParent();
  checkServeOptions(options);
  const stop = stopOnSignals();
  const logger = createLogger({ level: options.logLevel, format: options.logFormat });
  const warning = exposureWarning(options.http);
  if (warning !== null) console.error(warning);
  const database = new LateDatabase();
  const server = new HttpServer({
    database,
    logger,
    version: VERSION,
    allowOrigin: null,
    limits: {
      ...DEFAULT_HTTP_LIMITS,
      bodyBytesMax: options.maxBody,
      bodyBytesTotalMax: Math.max(DEFAULT_HTTP_LIMITS.bodyBytesTotalMax, options.maxBody),
    },
  });
  await server.listen(options.http);
  const node = await open(options, server, logger);
  database.open(node.database);
  console.log(
    `quorlite ${node.id} serves http://${server.address} ` +
      `(peers on ${node.peerAddress}, data in ${options.data})`,
  );
  process.send?.({ kind: 'listening' });
  // A process that is killed later could not keep what it compiled.
  flushCompileCache();
  const reason = await Promise.race([stop.then(() => 'asked' as const), node.stopped]);
  if (reason === 'asked') {
    await leave(server, node, logger);
    endWithReads(node);
    return 0;
  }
  const why = reason === null ? 'the node stopped' : describeFailure(reason);
  console.error(`quorlite: Cannot go on: ${why}`);
  await server.stop(0);
  endWithReads(node);
  return STOPPED_ITSELF;
}

async function open(
  options: ServeOptions,
  server: HttpServer,
  logger: Logger,
): Promise<RunningNode> {
  try {
    return await openNode(toNodeOptions(options, server.address, logger));
  } catch (error) {
    await server.stop(0);
    throw error;
  }
}

function toNodeOptions(options: ServeOptions, http: string, logger: Logger): NodeOptions {
  const workers = Math.min(READ_WORKERS_MAX, Math.max(1, os.availableParallelism() - 1));
  return {
    directory: options.data,
    id: options.id,
    peerAddress: options.peer,
    peerAdvertise: options.peerAdvertise,
    clientAddress: options.httpAdvertise ?? http,
    join: options.join,
    bootstrapExpect: options.bootstrapExpect,
    clusterSecret: options.clusterSecret,
    electionTimeoutMs: options.electionTimeout,
    heartbeatIntervalMs: options.heartbeat,
    readWorkers: options.readWorkers ?? workers,
    compactBytes: options.compactBytes,
    trailingBytes: options.trailingBytes,
    syncDelayMs: options.syncDelay,
    logger,
  };
}

/**
 * Leaves so that clients notice little: `/readyz` says no and no connection is accepted any more,
 * another node takes over, what is under way is finished, and only then the node closes.
 */
async function leave(server: HttpServer, node: RunningNode, logger: Logger): Promise<void> {
  const drained = server.stop(GRACE_MS);
  try {
    const { role } = node.database.status();
    if (role === 'leader') await node.database.transferLeadership(null, HAND_OVER_MS);
  } catch (error) {
    // Alone, or nobody is up to date: the others elect one when this node is gone.
    logger.info?.('Leaving without handing leadership over', { reason: messageOf(error) });
  }
  await drained;
  await node.stop();
}

/** `process.exit` waits for its threads; a statement that does not end waits for nobody. */
function endWithReads(node: RunningNode): void {
  if (!node.isStuck()) return;
  console.error('quorlite: A read does not end: this process kills itself. Nothing is lost by it');
  killItself();
}

function killItself(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
async function stopOnSignals(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  const onSignal = (): void => {
    if (asked) killItself();
    asked = true;
    resolve();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  await promise;
}

/** A child of `dev` or `demo` ends with its parent, even when that is killed. */
function leaveWithParent(): void {
  if ((process.env[SUPERVISED_VARIABLE] ?? '') === '') return;
  process.once('disconnect', killItself);
}
