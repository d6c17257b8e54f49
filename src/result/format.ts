/**
 * How a client wants its results, decided where the request came in and carried to the SQLite
 * worker as one small number, so that rows become the client's bytes there and nowhere else.
 */
export interface ResultFormat {
  readonly protocol: ResultProtocol;
  /** Add the time each statement took. */
  readonly timings: boolean;
  /** Rows as objects keyed by column. */
  readonly associative: boolean;
  /** BLOBs as arrays of integers instead of base64. */
  readonly blobArrays: boolean;
}

/** The client protocols that results can be encoded for. Hrana and others join here. */
export type ResultProtocol = 'rqlite';

/** The number that means: nobody waits for this result. */
export const NO_RESULT = 0;

const TIMINGS = 1 << 8;
const ASSOCIATIVE = 1 << 9;
const BLOB_ARRAYS = 1 << 10;

/** The number that carries `format` across threads and nodes; never `NO_RESULT`. */
export function formatToNumber(format: ResultFormat): number {
  let code = 1;
  if (format.timings) code |= TIMINGS;
  if (format.associative) code |= ASSOCIATIVE;
  if (format.blobArrays) code |= BLOB_ARRAYS;
  return code;
}

/** The format of a number made by `formatToNumber`; unknown protocols read as rqlite's. */
export function formatFromNumber(code: number): ResultFormat {
  return {
    protocol: 'rqlite',
    timings: (code & TIMINGS) !== 0,
    associative: (code & ASSOCIATIVE) !== 0,
    blobArrays: (code & BLOB_ARRAYS) !== 0,
  };
}
