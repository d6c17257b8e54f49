/**
 * The black-box judge: is there one order of all operations, each between its call and its return,
 * in which every answer is right? Wing and Gong's search with Lowe's cache, as Porcupine does it,
 * for each key by itself (linearizability is compositional).
 */
import type { Record } from './history.ts';
import type { OpResult } from './model.ts';

/** What the search says. */
export type Verdict =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'violated'; readonly key: string; readonly records: readonly Record[] }
  /** Too many steps: counted, never taken for a yes. */
  | { readonly kind: 'unknown'; readonly key: string };

/** Steps of the search for one key. */
const STEPS_MAX = 300_000;

/** A call or a return in the order of time; calls and returns of one operation know each other. */
interface Node {
  readonly record: Record;
  readonly number: number;
  /** Null for a return. */
  readonly match: Node | null;
  next: Node | null;
  previous: Node | null;
}

/** Judges registers and lists, key by key. */
export function checkLinearizability(records: readonly Record[]): Verdict[] {
  const byKey = new Map<string, Record[]>();
  for (const record of records) {
    const key = keyOf(record);
    if (key === null || !matters(record)) continue;
    const list = byKey.get(key);
    if (list === undefined) byKey.set(key, [record]);
    else list.push(record);
  }
  return [...byKey].map(([key, list]) => judge(key, list));
}

/** Failed operations did nothing, stale reads promise less, an unanswered read says nothing. */
function matters(record: Record): boolean {
  if (record.outcome === 'failed') return false;
  if (record.level === 'none' || record.level === 'weak') return false;
  return record.outcome === 'ok' || record.level === 'write';
}

function keyOf({ op }: Record): string | null {
  switch (op.kind) {
    case 'write':
    case 'cas':
    case 'read':
      return `register ${op.key}`;
    case 'append':
    case 'list':
      return `list ${op.key}`;
    default:
      return null;
  }
}

function judge(key: string, records: readonly Record[]): Verdict {
  const head = link(records);
  const done = new Uint8Array(Math.ceil(records.length / 8));
  const cache = new Set<string>();
  const stack: { readonly call: Node; readonly state: string }[] = [];
  const certain = records.filter(({ outcome }) => outcome === 'ok').length;
  let linearized = 0;
  let state = '';
  let at = head.next;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    if (linearized === certain) return { kind: 'linearizable' };
    if (at !== null && at.match !== null) {
      const after = apply(state, at.record);
      const next =
        after === null ? null : remember(cache, { done, number: at.number, state: after });
      if (after === null || next === null) {
        at = at.next;
        continue;
      }
      stack.push({ call: at, state });
      state = after;
      flip(done, at.number);
      if (at.record.outcome === 'ok') linearized++;
      lift(at);
      at = head.next;
      continue;
    }
    const top = stack.pop();
    if (top === undefined) return { kind: 'violated', key, records };
    ({ state } = top);
    flip(done, top.call.number);
    if (top.call.record.outcome === 'ok') linearized--;
    unlift(top.call);
    at = top.call.next;
  }
  return { kind: 'unknown', key };
}

/** The state after `record`; null when its answer is impossible in `state`. */
function apply(state: string, { op, outcome, result }: Record): string | null {
  const known = outcome === 'ok';
  switch (op.kind) {
    case 'write':
      return String(op.value);
    case 'cas': {
      const happens = (state === '' ? '0' : state) === String(op.expect);
      if (known && result !== happens) return null;
      return happens ? String(op.value) : state;
    }
    case 'read':
      return state === textOf(result) ? state : null;
    case 'append':
      return state === '' ? String(op.value) : `${state},${op.value}`;
    case 'list':
      return state === textOf(result) ? state : null;
    default:
      return state;
  }
}

function textOf(result: OpResult): string {
  return result === null ? '' : String(result);
}

/** The list of calls and returns, in order of time; what never returned has no return. */
function link(records: readonly Record[]): Node {
  const events: { readonly time: number; readonly order: number; readonly node: Node }[] = [];
  records.forEach((record, number) => {
    const end: Node = { record, number, match: null, next: null, previous: null };
    const call: Node = { record, number, match: end, next: null, previous: null };
    events.push({ time: record.calledAt, order: 0, node: call });
    if (record.returnedAt !== Infinity) {
      events.push({ time: record.returnedAt, order: 1, node: end });
    }
  });
  events.sort((left, right) => left.time - right.time || left.order - right.order);
  const first = records[0] as Record;
  const head: Node = { record: first, number: -1, match: null, next: null, previous: null };
  let last = head;
  for (const { node } of events) {
    last.next = node;
    node.previous = last;
    last = node;
  }
  return head;
}

function lift(call: Node): void {
  unlink(call);
  if (call.match !== null && call.match.previous !== null) unlink(call.match);
}

function unlift(call: Node): void {
  if (call.match !== null && call.match.previous !== null) relink(call.match);
  relink(call);
}

function unlink({ previous, next }: Node): void {
  if (previous !== null) previous.next = next;
  if (next !== null) next.previous = previous;
}

function relink(node: Node): void {
  if (node.previous !== null) node.previous.next = node;
  if (node.next !== null) node.next.previous = node;
}

/** Adds the configuration to the cache; null when the search was here before. */
function remember(
  cache: Set<string>,
  at: { readonly done: Uint8Array; readonly number: number; readonly state: string },
): string | null {
  flip(at.done, at.number);
  const key = `${String.fromCharCode(...at.done)} ${at.state}`;
  flip(at.done, at.number);
  if (cache.has(key)) return null;
  cache.add(key);
  return key;
}

function flip(bits: Uint8Array, number: number): void {
  bits[number >> 3] = (bits[number >> 3] ?? 0) ^ (1 << (number & 7));
}
