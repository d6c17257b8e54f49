import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import fc from 'fast-check';

import { type FakeDatabase, replyOf } from './fake-database.suite.ts';
import { post, setUp } from './server.suite.ts';

/** Lets the database hold its next request. */
function holdOne(database: FakeDatabase): {
  readonly asked: Promise<void>;
  readonly reply: (body: string) => void;
} {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { promise, resolve: answer } = Promise.withResolvers<ReturnType<typeof replyOf>>();
  const before = database.onData;
  database.onData = () => {
    database.onData = before;
    resolve();
    return promise;
  };
  return {
    asked,
    reply: (body) => {
      answer(replyOf(body));
    },
  };
}

/** The beginning of a request that expects something. */
const EXPECT = 'POST /db/execute HTTP/1.1\r\nHost: a\r\nExpect';

/** What both doors must agree on: everything but the time of day. */
function comparable(answer: string): string {
  return answer.replace(/\r\nDate: [^\r]*/, '');
}

/** A field that Node's HTTP server ignores and that keeps a request from being plain. */
const NOT_PLAIN = 'TE: trailers\r\n';

const FIELDS = fc.constantFrom(
  'Content-Type: application/json\r\n',
  'content-type: text/plain\r\n',
  'Connection: keep-alive\r\n',
  'connection: close\r\n',
  'X-Anything: \t a b \r\n',
  'Accept: */*\r\n',
  'Bad Name: x\r\n',
  'Host: b\r\n',
  'X: \x7f\r\n',
  // Not more than is sent: the server would wait for the rest.
  'Content-Length: 0\r\n',
  'Expect: 200-ok\r\n',
);
const TARGET = fc.constantFrom(
  '/db/execute',
  '/db/execute?transaction&timeout=1s',
  '/db/query?level=none&q=SELECT+1',
  '/db/query?pretty',
  '/db/request?associative',
  '/db/execute?queue',
  '/db/query?timeout=x',
  '/db/query?q=%zz',
  '/db/queryX',
  '/healthz',
  'http://a/db/execute',
  '/db/execute#x',
);
const BODY = fc.constantFrom('["a"]', '', '{', '[["b", 1, "x\u00e9"]]', '[1]', '"c"', '[]');

test('PlainDoor answers every request as the HTTP server behind it does', async () => {
  await using setup = await setUp();
  const { onData } = setup.database;
  setup.database.onData = async (call) => {
    await new Promise(setImmediate);
    return onData(call);
  };
  const talk = async (verb: string, request: string): Promise<string> => {
    const client = await setup.connect();
    const calls = setup.database.calls.length;
    client.write(request);
    const answer = comparable(await client.answer({ head: verb === 'HEAD' }));
    await client[Symbol.asyncDispose]();
    return `${answer}\n${JSON.stringify(setup.database.calls.slice(calls), (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )}`;
  };
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'post');
  const request = fc.record({ method, target: TARGET, fields: fc.array(FIELDS), body: BODY });
  await fc.assert(
    fc.asyncProperty(request, async ({ method: verb, target, fields, body }) => {
      const line = `${verb} ${target} HTTP/1.1\r\nHost: a\r\n`;
      const hasBody = verb !== 'GET' && verb !== 'HEAD';
      const length = hasBody ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : '';
      const rest = `${fields.join('')}${length}\r\n${hasBody ? body : ''}`;
      assert.equal(await talk(verb, line + rest), await talk(verb, line + NOT_PLAIN + rest));
    }),
    { numRuns: 150 },
  );
});

test('PlainDoor answers a request whose body comes in pieces', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.socket.setNoDelay(true);
  const request = Buffer.from(post('["blåbær"]'));
  const head = request.indexOf('\r\n\r\n') + 4;
  for (const [from, to] of [
    [0, head],
    [head, head + 5],
    [head + 5, request.length],
  ] as const) {
    client.write(request.subarray(from, to));
    await new Promise(setImmediate);
  }
  assert.match(await client.answer(), /^HTTP\/1.1 200/);
  const [call] = setup.database.calls;
  assert.equal(call?.kind === 'execute' && call.request.statements[0]?.sql, 'blåbær');
});

test('PlainDoor hands over what follows a body in the same piece', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.socket.setNoDelay(true);
  const request = post('["a"]');
  client.write(request.slice(0, -3));
  await new Promise(setImmediate);
  client.write(`${request.slice(-3)}GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n${post('["b"]')}`);
  assert.match(await client.answer(), /\{"results":\[\{\}\]\}$/);
  assert.match(await client.answer(), /ok$/);
  assert.match(await client.answer(), /\{"results":\[\{\}\]\}$/);
  assert.equal(setup.database.calls.length, 2);
});

test('PlainDoor runs what is pipelined behind a request after it, whatever it is', async () => {
  await using setup = await setUp();
  const { promise: reply, resolve } = Promise.withResolvers<ReturnType<typeof replyOf>>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  setup.database.onData = () => {
    ask();
    return reply;
  };
  const client = await setup.connect();
  client.write(post('["a"]'));
  await asked;
  setup.database.onData = () => Promise.resolve(replyOf('{"second":2}'));
  client.write(`GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n${post('["b"]')}not HTTP\r\n\r\n`);
  const other = await setup.connect();
  other.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await other.answer();
  assert.equal(setup.database.calls.length, 1);
  resolve(replyOf('{"first":1}'));
  assert.match(await client.answer(), /"first":1/);
  assert.match(await client.answer(), /ok$/);
  assert.match(await client.answer(), /"second":2/);
  await client.closed();
});

const SECOND = {
  'has no Host': 'GET /healthz HTTP/1.1\r\n\r\n',
  'announces too much': `${EXPECT}: 100-continue\r\nContent-Length: 999999999\r\n\r\n`,
  'asks whether to go on': `${EXPECT}: 100-continue\r\nContent-Length: 5\r\n\r\n`,
  'expects what nobody does': `${EXPECT}: 200-ok\r\nContent-Length: 5\r\n\r\n["b"]`,
};

for (const [what, second] of Object.entries(SECOND)) {
  test(`PlainDoor answers first what came first when the next request ${what}`, async () => {
    await using setup = await setUp();
    const { asked, reply } = holdOne(setup.database);
    const client = await setup.connect();
    client.write(post('["a"]'));
    await asked;
    client.write(second);
    await setup.arrived();
    reply('{"first":1}');
    assert.match(await client.answer(), /"first":1/);
  });
}

test('PlainDoor runs nothing behind the last answer of a connection', async () => {
  await using setup = await setUp();
  const { asked, reply } = holdOne(setup.database);
  const client = await setup.connect();
  const other = await setup.connect();
  client.write(post('["a"]'));
  other.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await other.answer();
  await asked;
  const stopped = setup.server.stop(5_000);
  reply('{}');
  assert.match(await client.answer(), /Connection: close/);
  client.write(post('["late"]'));
  await client.closed();
  await stopped;
  assert.equal(setup.database.calls.length, 1);
});

test('PlainDoor answers who has closed its half before the answer was there', async () => {
  await using setup = await setUp();
  const { asked, reply } = holdOne(setup.database);
  const client = await setup.connect();
  client.socket.end(post('["a"]'));
  await asked;
  await setup.arrived();
  reply('{"late":1}');
  assert.match(await client.answer(), /"late":1/);
  await client.closed();
});

test('PlainDoor answers a client that has closed its half of the connection', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.socket.end(post('["a"]'));
  assert.match(await client.answer(), /^HTTP\/1.1 200/);
  await client.closed();
});

test('PlainDoor does nothing for half a request of a client that leaves', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.socket.end(post('["a"]').slice(0, -1));
  await client.closed();
  assert.equal(setup.database.calls.length, 0);
});

test('PlainDoor tells a client that sends nothing, or half a body, that it is late', async () => {
  await using setup = await setUp({ headersTimeoutMs: 200, requestTimeoutMs: 200 });
  const silent = await setup.connect();
  const slow = await setup.connect();
  slow.write(post('["a"]').slice(0, -1));
  for (const client of [silent, slow]) {
    assert.match(await client.answer(), /^HTTP\/1.1 408 [^]*took too long to arrive/);
    await client.closed();
  }
  assert.equal(setup.database.calls.length, 0);
});

test('PlainDoor ends a connection that has rested for too long', async () => {
  await using setup = await setUp({ keepAliveTimeoutMs: 100 });
  const client = await setup.connect();
  client.write(post('["a"]'));
  assert.match(await client.answer(), /Keep-Alive: timeout=0\r\n/);
  await client.closed();
});

test('PlainDoor sends a large answer whole, and another one after it', async () => {
  await using setup = await setUp();
  const row = `["${'x'.repeat(2_000_000)}"]`;
  setup.database.onData = () => Promise.resolve(replyOf(`{"values":[${row}]}`));
  const client = await setup.connect();
  for (let times = 0; times < 2; times++) {
    client.write(post('["a"]'));
    const answer = await client.answer();
    assert.ok(answer.endsWith(`{"results":[{"values":[${row}]}]}`));
  }
});

test('PlainDoor asks a client that does not read for no more requests', async () => {
  await using setup = await setUp();
  setup.database.onData = () => Promise.resolve(replyOf('x'.repeat(12_000_000)));
  const client = await setup.connect();
  client.socket.pause();
  for (let times = 0; times < 3; times++) {
    client.write(post('["a"]'));
    // Each arrives by itself.
    const other = await setup.connect();
    other.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await other.answer();
  }
  assert.equal(setup.database.calls.length, 1);
  client.socket.resume();
  for (let times = 0; times < 3; times++) assert.match(await client.answer(), /^HTTP\/1.1 200/);
  assert.equal(setup.database.calls.length, 3);
});

test('PlainDoor lets go of a client that breaks off', async () => {
  await using setup = await setUp();
  setup.database.onData = () => Promise.resolve(replyOf('x'.repeat(8_000_000)));
  const client = await setup.connect();
  client.write(post('["a"]'));
  await once(client.socket, 'data');
  client.socket.resetAndDestroy();
  const other = await setup.connect();
  other.write(post('["b"]'));
  assert.match(await other.answer(), /^HTTP\/1.1 200/);
});
