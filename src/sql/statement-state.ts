/**
 * The state machine of sqlite3_complete() (complete.c): which semicolon ends a statement. Only
 * CREATE TRIGGER holds semicolons of its own, and there only `;`, END, `;` ends it, so that the END
 * of a CASE does not.
 *
 * White space and comments never move it, so they are not among its inputs.
 */

/** What the machine tells apart. All other tokens are `other`. */
export type Signal = 'semicolon' | 'other' | 'explain' | 'create' | 'temp' | 'trigger' | 'end';

/**
 * - `start`: before the first token of a statement.
 * - `normal`: in a statement that ends at the next semicolon.
 * - `explain`, `create`: after these keywords, while a trigger may still follow.
 * - `trigger`: in a trigger's definition; `semicolon` and `end`: after these in it.
 */
export type StatementState =
  | 'start'
  | 'normal'
  | 'explain'
  | 'create'
  | 'trigger'
  | 'semicolon'
  | 'end';

/** The state after `signal`; a semicolon that leads to `start` ends the statement. */
export function nextState(state: StatementState, signal: Signal): StatementState {
  switch (state) {
    case 'start':
      if (signal === 'semicolon') return 'start';
      return signal === 'explain' || signal === 'create' ? signal : 'normal';
    case 'normal':
      return signal === 'semicolon' ? 'start' : 'normal';
    case 'explain':
      if (signal === 'semicolon') return 'start';
      // QUERY PLAN may stand between EXPLAIN and CREATE.
      if (signal === 'other') return 'explain';
      return signal === 'create' ? 'create' : 'normal';
    case 'create':
      if (signal === 'semicolon') return 'start';
      if (signal === 'temp') return 'create';
      return signal === 'trigger' ? 'trigger' : 'normal';
    case 'trigger':
      return signal === 'semicolon' ? 'semicolon' : 'trigger';
    case 'semicolon':
      if (signal === 'semicolon') return 'semicolon';
      return signal === 'end' ? 'end' : 'trigger';
    case 'end':
      return signal === 'semicolon' ? 'start' : 'trigger';
  }
}

/** Whether the next word can matter, so that most words need not be looked at. */
export function heedsWords(state: StatementState): boolean {
  return state !== 'normal' && state !== 'trigger';
}

/** Longer words are never a signal. */
export const SIGNAL_LENGTH_MAX = 9;

/** The signal of a bare word, in any case. */
export function signalOfWord(word: string): Signal {
  if (word.length > SIGNAL_LENGTH_MAX) return 'other';
  switch (word.toLowerCase()) {
    case 'explain':
      return 'explain';
    case 'create':
      return 'create';
    case 'temp':
    case 'temporary':
      return 'temp';
    case 'trigger':
      return 'trigger';
    case 'end':
      return 'end';
    default:
      return 'other';
  }
}
