import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second here, whatever the kernel's own tick is (USER_HZ). */
const MICROSECONDS_PER_TICK = 10_000;
/** Fields 14 and 15 of proc_pid_stat(5), counted from the one after the name. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/** CPU time a process has used so far, all threads, microseconds; null where there is no /proc. */
export function readCpuMicroseconds(pid: number): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // Not Linux, or the process has ended: the table shows a dash.
    return null;
  }
  return parseCpuMicroseconds(text);
}

/** `readCpuMicroseconds` for a text of /proc/PID/stat. */
export function parseCpuMicroseconds(stat: string): number | null {
  // The name of the process stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD]);
  return Number.isNaN(ticks) ? null : ticks * MICROSECONDS_PER_TICK;
}
