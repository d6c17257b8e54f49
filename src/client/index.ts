export {
  type CallOptions,
  type ClientOptions,
  QuorliteClient,
  type ReadLevel,
  type ReadOptions,
  type WriteOptions,
} from './client.ts';
export type {
  ChangeResult,
  FailedResult,
  Json,
  NodeHash,
  NodeInfo,
  Results,
  RowsResult,
  RowValue,
  StatementResult,
  Verification,
} from './result.ts';
export type { BindValue, BoundStatement, StatementInput, StatementsInput } from './statement.ts';
export { type ErrorCode, QuorliteError } from '../base/errors.ts';
