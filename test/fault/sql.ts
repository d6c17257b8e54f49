/** One request to one node, as it is: what it answers is the point. */

/** An answer, or the reason why there was none. */
export interface Answered {
  /** 0: no answer came. */
  readonly status: number;
  readonly text: string;
  /** `X-QUORLITE-ERROR`; empty when there is none. */
  readonly code: string;
}

/** How long a request is waited for beyond the time it gives the server. */
const PATIENCE_MS = 10_000;

/** Writes `statements` through the node at `url`. */
export async function write(
  url: string,
  statements: readonly string[],
  timeoutMs = 10_000,
): Promise<Answered> {
  return post(url, `/db/execute?transaction&timeout=${timeoutMs}ms`, { statements, timeoutMs });
}

/** Reads with one statement; the answer has its rows as rqlite gives them. */
export async function read(
  url: string,
  level: 'none' | 'weak' | 'linearizable' | 'strong',
  statement: string,
  timeoutMs = 10_000,
): Promise<Answered> {
  const statements = [statement];
  return post(url, `/db/query?level=${level}&timeout=${timeoutMs}ms`, { statements, timeoutMs });
}

/** The one number a read found; null when it was not answered. */
export function numberIn(answer: Answered): number | null {
  if (answer.status !== 200) return null;
  const document = JSON.parse(answer.text) as {
    readonly results?: readonly { readonly values?: readonly (readonly unknown[])[] }[];
  };
  const value = document.results?.[0]?.values?.[0]?.[0];
  return typeof value === 'number' ? value : null;
}

/** Whether a write was acknowledged, each statement of it. */
export function isAcknowledged(answer: Answered): boolean {
  return answer.status === 200 && answer.code === '' && !answer.text.includes('"error"');
}

async function post(
  url: string,
  target: string,
  { statements, timeoutMs }: { readonly statements: readonly string[]; readonly timeoutMs: number },
): Promise<Answered> {
  try {
    const response = await fetch(url + target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(statements),
      signal: AbortSignal.timeout(timeoutMs + PATIENCE_MS),
    });
    const code = response.headers.get('x-quorlite-error') ?? '';
    return { status: response.status, text: await response.text(), code };
  } catch (error) {
    return { status: 0, text: String(error), code: '' };
  }
}
