import { pause } from '../wait.ts';
import type { Ledger, Outcome } from './ledger.ts';
import type { Outages } from './outages.ts';
import { writeStatements } from './schema.ts';

/** Between writes: nodes that start again need the processors more than the count needs writes. */
const PAUSE_MS = 5;

/** Makes one write of several statements; what it knows about it is the answer. */
export type Write = (statements: readonly string[]) => Promise<Outcome>;

/** What a writer needs. */
export interface WriterSettings {
  /** Its number, from 0. */
  readonly writer: number;
  readonly write: Write;
  readonly ledger: Ledger;
  readonly outages: Outages;
  readonly signal: AbortSignal;
}

/**
 * Writes one after the other until told to stop, each with an id of its own, and notes what it
 * knows. An unknown outcome is noted as unknown and never tried again: the audit at the end finds
 * out.
 */
export async function runWriter(settings: WriterSettings): Promise<void> {
  const { writer, write, ledger, outages, signal } = settings;
  while (!signal.aborted) {
    const id = ledger.begin(writer);
    const sentMs = performance.now();
    const outcome = await write(writeStatements(id));
    ledger.settle(id, outcome);
    if (outcome === 'acknowledged') {
      outages.onAcknowledged({ sentMs, answeredMs: performance.now() });
    }
    await pause(PAUSE_MS, signal);
  }
}
