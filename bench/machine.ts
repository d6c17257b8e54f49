import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import path from 'node:path';

import { Histogram } from './load/histogram.ts';

/** Where figures were made: without it they mean nothing. */
export interface Machine {
  readonly node: string;
  readonly kernel: string;
  readonly processors: string;
  readonly memoryGib: number;
  /** One small append and its fdatasync, alone, in the folder of the data. */
  readonly syncP50Ms: number;
  readonly syncP99Ms: number;
  /** Runnable processes over the last minute when the run began: others disturb it. */
  readonly load: number;
}

const SYNCS = 300;
const APPEND_BYTES = 300;
const GIB = 2 ** 30;
/** Faster is no disk: a file system in memory. */
const DISK_MS_MIN = 0.008;

/** Looks at the machine and the disk under `directory`. */
export function describeMachine(directory: string): Machine {
  const processors = cpus();
  const syncs = measureSyncs(path.join(directory, 'sync-probe'));
  return {
    node: process.version,
    kernel: `${process.platform} ${release()}`,
    processors: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    memoryGib: Math.round(totalmem() / GIB),
    syncP50Ms: syncs.percentileMs(0.5),
    syncP99Ms: syncs.percentileMs(0.99),
    load: loadavg()[0] ?? 0,
  };
}

/** Lines for the head of the report. */
export function formatMachine(machine: Machine): string {
  const { node, kernel, processors, memoryGib, syncP50Ms, syncP99Ms, load } = machine;
  const lines = [
    `${processors}, ${memoryGib} GiB, ${kernel}, Node ${node}; the load shares the processors`,
    `append + fdatasync: p50 ${syncP50Ms.toFixed(3)} ms, p99 ${syncP99Ms.toFixed(3)} ms`,
  ];
  if (syncP50Ms < DISK_MS_MIN) {
    lines.push('That is memory, not a disk: name a folder on a disk with --data');
  }
  if (load > 0.5) {
    lines.push(`load average ${load.toFixed(1)} before the start: others disturb this run`);
  }
  return lines.join('\n');
}

function measureSyncs(file: string): Histogram {
  const latencies = new Histogram();
  const bytes = Buffer.alloc(APPEND_BYTES, 1);
  const descriptor = openSync(file, 'w');
  try {
    for (let n = 0; n < SYNCS; n++) {
      const startedMs = performance.now();
      writeSync(descriptor, bytes);
      fdatasyncSync(descriptor);
      latencies.record(performance.now() - startedMs);
    }
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
  return latencies;
}
