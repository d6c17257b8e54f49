import type { ErrorCode } from '../src/base/errors.ts';
import type { Cluster } from './cluster.ts';
import { History, type Level, type Record } from './history.ts';
import { ACCOUNTS, isRead, type Op } from './model.ts';
import { type Draw, STREAM } from './random.ts';

/** Errors that promise that nothing was done. */
const NOTHING_DONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid-request',
  'too-large',
  'overloaded',
  'not-leader',
  'no-leader',
  'timeout',
  'superseded',
  'stale-read',
  'stopping',
  'not-ready',
  'disk-full',
]);

/** How long a client waits beyond the time it gave. */
const GRACE_MS = 500;

/** Clients that ask one thing after another, of any node, and write down what came of it. */
export class Workload {
  readonly history: History = new History();
  readonly #cluster: Cluster;
  #stopped = false;
  #waiting = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Operations that are under way. */
  get waiting(): number {
    return this.#waiting;
  }

  start(): void {
    const { setup, chance } = this.#cluster;
    for (let client = 0; client < setup.clients; client++) {
      this.#think(client, chance.stream(STREAM.client, client), 0);
    }
  }

  /** No new operations. */
  stop(): void {
    this.#stopped = true;
  }

  #think(client: number, draw: Draw, round: number): void {
    const { events, setup } = this.#cluster;
    const { restFromMs = null, safetyMs } = setup;
    let at = events.now + draw.exponential(setup.thinkMs);
    if (restFromMs !== null && at > restFromMs && at < safetyMs) at += safetyMs - restFromMs;
    events.at(at, null, () => {
      if (!this.#stopped) this.#act(client, draw, round + 1);
    });
  }

  #act(client: number, draw: Draw, round: number): void {
    const { events, setup, nodes } = this.#cluster;
    const op = this.#invent(draw, client * 1_000_000 + round);
    const level = levelOf(op, draw);
    const node = nodes[draw.below(nodes.length)];
    const timeoutMs = draw.pick([500, 2000, 4000]);
    const freshnessMs = draw.pick([0, 0, setup.electionTimeoutMs, 100]);
    const port = node?.client ?? null;
    if (node === undefined || port === null) {
      this.#think(client, draw, round);
      return;
    }
    const { number } = node;
    const record = this.history.call({ client, op, level, node: number, calledAt: events.now });
    this.#waiting++;
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      this.#waiting--;
      this.#think(client, draw, round);
      return true;
    };
    // The process may die with the question: the client gives up some time after its deadline.
    events.at(events.now + timeoutMs + GRACE_MS, null, () => {
      if (!settle()) return;
      if (isRead(op)) this.history.fail(record, events.now);
      else this.#lose(record);
    });
    port.ask({ op, level, timeoutMs, freshnessMs }, (answer) => {
      if (!settle()) return;
      if (answer.ok) {
        this.history.succeed(record, { at: node.life?.time ?? events.now, ...answer });
        this.#countAnswer(level, answer.here);
        if (level === 'linearizable' && node.holdsLease()) this.#cluster.count('leaseReads');
      } else this.#onError(record, answer.error.code);
      this.#cluster.trace(node.number, 'cl', show(record));
    });
  }

  #onError(record: Record, code: ErrorCode): void {
    const { count, events } = this.#cluster;
    if (code === 'superseded') count('superseded');
    if (code === 'stale-read') count('staleReadsRefused');
    if (code === 'diverged') count('wrongReadsRefused');
    if (isRead(record.op) || NOTHING_DONE.has(code)) this.history.fail(record, events.now);
    else this.#lose(record);
  }

  #lose(record: Record): void {
    this.#cluster.count('unknownOutcomes');
    this.history.lose(record);
  }

  #countAnswer(level: Level, here: boolean): void {
    const { count } = this.#cluster;
    if (level === 'write' && !here) count('writesForwarded');
    if (level === 'linearizable') count('followerReads');
    if (level === 'strong') count('strongReads');
    if (level === 'none') count('staleReads');
  }

  #invent(draw: Draw, unique: number): Op {
    const key = `k${draw.below(this.#cluster.setup.keys)}`;
    switch (draw.below(10)) {
      case 0:
      case 1:
        return { kind: 'write', key, value: unique };
      case 2:
        return { kind: 'cas', key, expect: this.#recent(draw, key), value: unique };
      case 3:
        return { kind: 'append', key, value: unique };
      case 4:
        return { kind: 'insert', value: unique };
      case 5:
        return {
          kind: 'transfer',
          from: draw.below(ACCOUNTS),
          to: draw.below(ACCOUNTS),
          amount: draw.between(1, 40),
        };
      case 6:
        return { kind: 'list', key };
      case 7:
        return draw.percent(50) ? { kind: 'count' } : { kind: 'total' };
      default:
        return { kind: 'read', key };
    }
  }

  /** A value that a compare-and-set may well find. */
  #recent(draw: Draw, key: string): number {
    const { records } = this.history;
    for (let at = records.length - 1; at >= Math.max(0, records.length - 30); at--) {
      const { op } = records[at] as Record;
      if (op.kind === 'write' && op.key === key && draw.percent(70)) return op.value;
    }
    return 0;
  }
}

function levelOf(op: Op, draw: Draw): Level {
  if (!isRead(op)) return 'write';
  return draw.pick(['linearizable', 'linearizable', 'linearizable', 'strong', 'weak', 'none']);
}

function show({ client, op, level, outcome, result, index }: Record): string {
  const said = `${outcome} ${JSON.stringify(result)} @${index}`;
  return `client ${client} ${JSON.stringify(op)} ${level}: ${said}`;
}
