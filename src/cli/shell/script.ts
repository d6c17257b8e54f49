import { StatementSplitter } from '../../sql/splitter.ts';
import type { PlacedStatement } from './plan.ts';

/** Splits a script that arrives in pieces into statements that know their line. */
export class ScriptReader {
  readonly #splitter = new StatementSplitter();
  /** Where the line breaks are that no statement has begun after. */
  #breaks: number[] = [];
  #line = 1;
  #length = 0;

  /** Takes the next piece; returns the statements that it completes. */
  push(text: string): readonly PlacedStatement[] {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      this.#breaks.push(this.#length + at);
    }
    this.#length += text.length;
    return this.#splitter
      .push(text)
      .map(({ text: sql, start }) => ({ sql, line: this.#lineAt(start) }));
  }

  /** Ends the script; the last statement may lack its semicolon. */
  finish(): PlacedStatement | null {
    const last = this.#splitter.finish();
    return last === null ? null : { sql: last.text, line: this.#lineAt(last.start) };
  }

  /** What the text so far is in the middle of; null between statements. */
  pending(): ReturnType<StatementSplitter['pending']> {
    return this.#splitter.pending();
  }

  /** Statements come in order, so every line break is passed once. */
  #lineAt(start: number): number {
    let passed = 0;
    while ((this.#breaks[passed] ?? Infinity) < start) passed++;
    this.#breaks = this.#breaks.slice(passed);
    this.#line += passed;
    return this.#line;
  }
}
