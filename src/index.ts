/** quorlite as a library: a node inside your process. */

export { QuorliteError } from './base/errors.ts';
export type { ErrorCode } from './base/errors.ts';
export type { LogFields, Logger, LogLine } from './base/logger.ts';
export { silentLogger } from './base/logger.ts';
export type { Statement, Value } from './command/command.ts';
export type { Database } from './db/database.ts';
export type { NodeOptions, RunningNode } from './db/node.ts';
export { openNode } from './db/open.ts';
export type {
  DatabaseStatus,
  NodeChecksum,
  NodeView,
  Readiness,
  ReadLevel,
  ReadRequest,
  Reply,
  WriteRequest,
} from './db/request.ts';
