/**
 * Times as rqlite shows them: go-sqlite3 turns what is stored in a column declared DATE, DATETIME
 * or TIMESTAMP into a Go time (sqlite3.go, `nextSyncLocked`), and rqlite prints that as RFC 3339.
 */

/** What go-sqlite3 makes of a text that it cannot read as a time. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** go-sqlite3's `SQLiteTimestampFormats` as one expression; Go takes any fraction after seconds. */
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?([+-]\d\d:\d\d)?)?)?$/;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SECONDS_PER_DAY = 86_400;
/** From here an integer is milliseconds (go-sqlite3). */
const MILLISECONDS_FROM = 1_000_000_000_000n;
/** Years 0000 to 9999, in seconds since 1970: what RFC 3339 can say. */
const SECONDS_MIN = -62_167_219_200n;
const SECONDS_MAX = 253_402_300_799n;

/** The time that a stored text means, or the zero time when it means none. */
export function timeOfText(text: string): string {
  const match = TIMESTAMP.exec(text.endsWith('Z') ? text.slice(0, -1) : text);
  if (match === null) return ZERO_TIME;
  const [, year = '', month = '', day = '', hour = '0'] = match;
  const minute = match[5] ?? '00';
  const second = match[6] ?? '00';
  if (!isDay(Number(year), Number(month), Number(day))) return ZERO_TIME;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return ZERO_TIME;
  const fraction = (match[7] ?? '').slice(0, 9).replace(/0+$/, '');
  const zone = match[8] ?? '+00:00';
  return (
    `${year}-${month}-${day}T${hour.padStart(2, '0')}:${minute}:${second}` +
    (fraction === '' ? '' : `.${fraction}`) +
    (zone === '+00:00' || zone === '-00:00' ? 'Z' : zone)
  );
}

/** The time that a stored integer means, or null when RFC 3339 cannot say it. */
export function timeOfInteger(value: bigint): string | null {
  const isMilliseconds = value > MILLISECONDS_FROM || value < -MILLISECONDS_FROM;
  const milliseconds = isMilliseconds ? ((value % 1000n) + 1000n) % 1000n : 0n;
  const seconds = isMilliseconds ? (value - milliseconds) / 1000n : value;
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX) return null;
  const fraction = milliseconds.toString().padStart(3, '0').replace(/0+$/, '');
  return calendar(Number(seconds)) + (fraction === '' ? 'Z' : `.${fraction}Z`);
}

function isDay(year: number, month: number, day: number): boolean {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
  return day >= 1 && day <= days;
}

/** Days to a date of the proleptic Gregorian calendar (Hinnant, chrono-compatible algorithms). */
function calendar(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - days * SECONDS_PER_DAY;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${clock
    .map((part) => digits(part, 2))
    .join(':')}`;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
