/**
 * One node's HTTP API, asked directly: the point is to hear what this node says, so nothing here
 * follows a leader or tries again.
 */
import type { NodeId } from '../base/ids.ts';

/** A question to one node. */
export interface Question {
  readonly url: string;
  readonly timeoutMs: number;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The rows of statements that read, all at one point of the log, at the given level.
 *
 * @throws {Error} when the node does not answer, or answers that it cannot
 */
export async function readRows(
  question: Question,
  level: 'none' | 'linearizable',
  statements: readonly string[],
): Promise<readonly (readonly (readonly number[])[])[]> {
  const parameters = `level=${level}&transaction&timeout=${question.timeoutMs}ms`;
  const answer = await ask(question, `/db/query?${parameters}`, JSON.stringify(statements));
  const problem = member(answer, 'error');
  if (typeof problem === 'string') throw new Error(problem);
  return items(member(answer, 'results')).map((result) => {
    const error = member(result, 'error');
    if (typeof error === 'string') throw new Error(error);
    return items(member(result, 'values')).map((row) => items(row).map(Number));
  });
}

/** The id of the leader as this node sees it; null when it knows none or does not answer. */
export async function leaderOf(question: Question): Promise<NodeId | null> {
  try {
    const id = member(await ask(question, '/leader', null), 'id');
    return typeof id === 'string' ? id : null;
  } catch {
    // A node that is down or has no leader: the caller asks another one, or later.
    return null;
  }
}

/** Whether this node can serve and has applied all that was committed. */
export async function isReady(question: Question): Promise<boolean> {
  try {
    const timeout = `timeout=${question.timeoutMs}ms`;
    const response = await fetch(`${question.url}/readyz?sync&${timeout}`, {
      signal: AbortSignal.timeout(question.timeoutMs),
    });
    await response.text();
    return response.ok;
  } catch {
    // Not listening yet: not ready.
    return false;
  }
}

async function ask(question: Question, path: string, body: string | null): Promise<Json> {
  const response = await fetch(question.url + path, {
    method: body === null ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(question.timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text.trim()}`);
  return JSON.parse(text) as Json;
}

function member(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: Json })[name];
}

function items(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
