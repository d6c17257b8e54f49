import { messageOf, QuorliteError } from '../base/errors.ts';

const FREE_SPACE = 'Free some space and start again; what was acknowledged is not lost';

/** An error that ends the program, as one line for people: what happened, and what to do. */
export function describeFailure(error: unknown): string {
  const message = messageOf(error).replaceAll(/\s*\n\s*/g, ' ');
  const full = error instanceof QuorliteError && error.code === 'disk-full';
  return full ? `${message}. ${FREE_SPACE}` : message;
}
