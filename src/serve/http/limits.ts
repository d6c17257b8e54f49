import type { BodyLimits } from './body.ts';

/** Bounds of the HTTP server; all of them answer or close with a reason, none grows quietly. */
export interface HttpLimits extends BodyLimits {
  /** Open connections; beyond, new ones are closed at once. */
  readonly connectionsMax: number;
  /** Statements requests handed to the database and not answered yet. */
  readonly inFlightMax: number;
  /** Of large answers that their clients have not taken; beyond, data requests are refused. */
  readonly answerBytesTotalMax: number;
  /** Requests that one connection may send ahead of their answers. */
  readonly pipelinedMax: number;
  /** Request line and header fields together; `GET /db/query?q=…` carries SQL there. */
  readonly headerBytesMax: number;
  /** From the first byte of a request to the end of its head. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number;
  /** How long a connection may rest between requests. */
  readonly keepAliveTimeoutMs: number;
}

const MEBIBYTE = 1024 * 1024;

/** What a server gets when nothing else is asked for. */
export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytesMax: 64 * MEBIBYTE,
  // Four of the largest at a time.
  bodyBytesTotalMax: 256 * MEBIBYTE,
  // Eight of the largest.
  answerBytesTotalMax: 512 * MEBIBYTE,
  connectionsMax: 10_000,
  // More would wait longer than clients do: at 40,000 writes per second this is 0.1 s.
  inFlightMax: 4_096,
  pipelinedMax: 256,
  headerBytesMax: 64 * 1024,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 300_000,
  // Longer than the minute that load balancers keep idle connections, so that they close first.
  keepAliveTimeoutMs: 75_000,
};
