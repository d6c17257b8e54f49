/** Nanoseconds in each unit that Go's `time.ParseDuration` knows. */
const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};

/** Go keeps a duration in a signed 64-bit count of nanoseconds. */
const NANOSECONDS_MAX = 2 ** 63;

const SHAPE = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/**
 * Milliseconds of a duration as Go writes it (`300ms`, `1.5h`, `2h45m`, `0`), with its fractions;
 * null when Go would refuse it.
 */
export function parseDuration(text: string): number | null {
  if (/^[-+]?0$/.test(text)) return 0;
  if (!SHAPE.test(text)) return null;
  let nanoseconds = 0;
  for (const [, digits, unit] of text.matchAll(PART)) {
    nanoseconds += Number(digits) * (UNIT_NS[unit ?? ''] ?? 0);
  }
  if (nanoseconds >= NANOSECONDS_MAX) return null;
  return (text.startsWith('-') ? -nanoseconds : nanoseconds) / 1e6;
}

/** A duration as Go prints it: `143ns`, `1.5ms`, `2m0.5s`. */
export function formatDuration(milliseconds: number): string {
  const nanoseconds = Math.round(Math.abs(milliseconds) * 1e6);
  const sign = milliseconds < 0 && nanoseconds > 0 ? '-' : '';
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${sign}${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${sign}${nanoseconds / 1e6}ms`;
  const minutes = Math.floor(nanoseconds / 6e10);
  const seconds = `${(nanoseconds - minutes * 6e10) / 1e9}s`;
  if (minutes === 0) return sign + seconds;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours === 0 ? '' : `${hours}h`}${minutes % 60}m${seconds}`;
}
