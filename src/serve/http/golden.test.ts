import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { type ErrorCode, QuorliteError } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { DEFAULT_HTTP_LIMITS, HttpServer } from '../server.ts';
import { type Call, FakeDatabase, nodeOf, replyOf } from './fake-database.suite.ts';
import { RawClient } from './raw-client.suite.ts';

/*
 * Each file of testdata/ is a conversation on one connection. An exchange is
 *
 *   === title
 *   database: what the database answers, when it is not the usual      (see `script`)
 *   the request, `Content-Length: *` being filled in
 *   ---
 *   -> what the database was asked
 *   the answer, without its Date
 *
 * To see what a new request gives, write it with nothing below its `---` and read the difference.
 */
const TESTDATA = new URL('./testdata/', import.meta.url);

/** A field that Node's HTTP server ignores; requests with it do not pass through `PlainDoor`. */
const NOT_PLAIN = 'TE: trailers\r\n';

for (const [name, more] of readdirSync(TESTDATA).flatMap((file) => [
  [file, ''] as const,
  [file, NOT_PLAIN] as const,
])) {
  const door = more === '' ? 'by either door' : 'by one door';
  test(`HttpServer answers as ${name} says, ${door}`, async () => {
    const database = new FakeDatabase();
    const server = new HttpServer({
      database,
      logger: silentLogger,
      version: '0.1.0',
      allowOrigin: null,
      limits: DEFAULT_HTTP_LIMITS,
    });
    await server.listen('127.0.0.1:0');
    await using client = await RawClient.connect(server.address);
    const expected = readFileSync(new URL(name, TESTDATA), 'utf8');
    const blocks = expected.split(/^(?==== )/m);
    let actual = '';
    for (const block of blocks) actual += await converse({ client, database, more }, block);
    await client[Symbol.asyncDispose]();
    await server.stop(1_000);
    assert.equal(actual, expected);
  });
}

/** Plays one exchange and returns its block as it came out. */
async function converse(
  { client, database, more }: { client: RawClient; database: FakeDatabase; more: string },
  block: string,
): Promise<string> {
  const [asked = ''] = block.split(/^---\n/m);
  const lines = asked.split('\n').slice(1);
  reset(database);
  while (lines[0]?.startsWith('database: ') === true) {
    script(database, (lines.shift() ?? '').slice('database: '.length));
  }
  const [head = '', ...rest] = lines.join('\n').split('\n\n');
  const body = rest.join('\n\n').replace(/\n$/, '');
  const length = Buffer.byteLength(body);
  const fields = head.trimEnd().replace('Content-Length: *', `Content-Length: ${length}`);
  client.write(`${fields.replaceAll('\n', '\r\n')}\r\nHost: test\r\n${more}\r\n${body}`);
  const answer = await client.answer({ head: head.startsWith('HEAD ') });
  const calls = database.calls.map((call) => `-> ${describe(call)}\n`).join('');
  const shown = answer.replace(/\r\nDate: [^\r]*/, '').replaceAll('\r\n', '\n');
  return `${asked}---\n${calls}${shown}\n`;
}

function reset(database: FakeDatabase): void {
  const fresh = new FakeDatabase();
  database.calls.length = 0;
  database.onData = fresh.onData;
  Object.assign(database, {
    failure: null,
    leaderNode: nodeOf(1),
    ready: fresh.ready,
    compacted: true,
    statusChanges: {},
    checksums: [
      { id: 'n1', clientAddress: '127.0.0.1:4001', hash: 'abc', error: null },
      { id: 'n2', clientAddress: '127.0.0.1:4003', hash: null, error: 'no answer' },
    ],
  });
}

/** `replies BODY`, `fails CODE: MESSAGE`, `has no leader`, and so on. */
function script(database: FakeDatabase, words: string): void {
  const [verb, rest = ''] = words.split(/ (.*)/s);
  if (verb === 'replies') {
    database.onData = () => Promise.resolve(replyOf(rest));
  } else if (verb === 'fails') {
    const [code = '', message = ''] = rest.split(/: (.*)/s);
    database.failure = new QuorliteError(code as ErrorCode, message);
    database.onData = () => Promise.reject(database.failure ?? new Error('never'));
  } else {
    const change = STATES[words];
    assert.ok(change !== undefined, `no such direction: ${words}`);
    Object.assign(database, change);
  }
}

const STATES: Readonly<Record<string, Partial<FakeDatabase>>> = {
  'has no leader': {
    leaderNode: null,
    ready: { leader: null, store: true, caughtUp: false },
  },
  'is a follower': { statusChanges: { nodeId: 'n2', role: 'follower' } },
  'is a read replica': { statusChanges: { voter: false } },
  'cannot reach the leader': { leaderNode: nodeOf(1, { reachable: false, error: 'refused' }) },
  'is recovering': { ready: { leader: '127.0.0.1:4001', store: false, caughtUp: false } },
  'has nothing to compact': { compacted: false },
};

/** Only what differs from the usual. */
function describe(call: Call): string {
  if (call.kind === 'transfer' || call.kind === 'remove') {
    return `${call.kind} ${call.kind === 'remove' ? call.id : call.to} ${call.timeoutMs}`;
  }
  const { statements, ...rest } = call.request;
  const usual: Record<string, unknown> = {
    transaction: false,
    rows: false,
    format: 1,
    timeoutMs: 30_000,
    forward: true,
    statementTimeoutMs: 0,
    freshnessMs: 0,
  };
  const unusual = Object.entries(rest).filter(([name, value]) => usual[name] !== value);
  const texts = statements.map(({ sql, positional, named }) =>
    [
      JSON.stringify(sql),
      ...positional.map(show),
      ...named.map(([name, value]) => `${name}=${show(value)}`),
    ].join(' '),
  );
  return [call.kind, ...unusual.map(([name, value]) => `${name}=${value}`), texts.join('; ')].join(
    ' ',
  );
}

/** Integers end in `n`, numbers without are REAL. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}
