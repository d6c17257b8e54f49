/** Sizes and times of the connections between nodes; every queue and every wait has one. */
export interface PeerLimits {
  /** Bytes of one frame without its header. */
  readonly frameBytesMax: number;
  /** Bytes waiting for one control socket. */
  readonly controlBytesMax: number;
  /** Bytes waiting for one bulk socket. */
  readonly bulkBytesMax: number;
  /** From the first byte of a connection to its acceptance. */
  readonly handshakeTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How often a connection says something when it has nothing to say. */
  readonly pingIntervalMs: number;
  /** A connection that neither received nor got rid of a byte for this long is dead. */
  readonly silenceMsMax: number;
  /** First wait before dialling again; doubles. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** The same after a refusal, which only an operator can change. */
  readonly refusedBackoffMsMin: number;
  readonly refusedBackoffMsMax: number;
  /** Accepted sockets that have not said who they are yet. */
  readonly handshakesMax: number;
}

/**
 * `frameBytesMax`: an append carries about 1 MiB of entries, or one entry of any size; the largest
 * command allowed must stay a little below it. `bulkBytesMax`: one such frame, because an empty
 * queue takes every frame that is allowed at all. `controlBytesMax`: control frames are below
 * 17 KiB, so this is hundreds of waiting calls. `silenceMsMax`: five pings; longer than any pause
 * of the garbage collector or the event loop, and elections do not wait for it.
 */
export const DEFAULT_LIMITS: PeerLimits = {
  frameBytesMax: 64 * 1024 * 1024,
  controlBytesMax: 8 * 1024 * 1024,
  bulkBytesMax: 64 * 1024 * 1024,
  handshakeTimeoutMs: 2000,
  connectTimeoutMs: 2000,
  pingIntervalMs: 1000,
  silenceMsMax: 5000,
  backoffMsMin: 20,
  backoffMsMax: 1000,
  refusedBackoffMsMin: 1000,
  refusedBackoffMsMax: 5000,
  handshakesMax: 128,
};
