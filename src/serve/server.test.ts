import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';

import { QuorliteError } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import type { Reply } from '../db/request.ts';
import { FakeDatabase, replyOf } from './http/fake-database.suite.ts';
import { RawClient } from './http/raw-client.suite.ts';
import { post, setUp } from './http/server.suite.ts';
import { DEFAULT_HTTP_LIMITS, HttpServer } from './server.ts';

/** Lets the database hold requests until the test lets them go, in any order. */
function hold(database: FakeDatabase): {
  readonly release: ((reply: Reply) => void)[];
  held(count: number): Promise<void>;
} {
  const release: ((reply: Reply) => void)[] = [];
  let wake = (): void => undefined;
  database.onData = () => {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    release.push(resolve);
    wake();
    return promise;
  };
  return {
    release,
    async held(count) {
      while (release.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
  };
}

const PING = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

/** Status line and body. */
function short(answer: string): string {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return `${head.split('\r\n')[0]?.slice('HTTP/1.1 '.length)} | ${body}`;
}

test('HttpServer runs pipelined requests one after the other and answers in order', async () => {
  await using setup = await setUp();
  const { release, held } = hold(setup.database);
  const client = await setup.connect();
  client.write(post('["a"]') + post('["b"]') + PING + post('["c"]', '', '/db/query'));
  await held(1);
  assert.equal(setup.database.calls.length, 1);
  release[0]?.(replyOf('{"first":1}'));
  await held(2);
  release[1]?.(replyOf('{"second":2}'));
  await held(3);
  release[2]?.(replyOf('{"third":3}'));
  assert.equal(short(await client.answer()), '200 OK | {"results":[{"first":1}]}');
  assert.equal(short(await client.answer()), '200 OK | {"results":[{"second":2}]}');
  assert.equal(short(await client.answer()), '200 OK | ok');
  assert.equal(short(await client.answer()), '200 OK | {"results":[{"third":3}]}');
});

test('HttpServer answers other connections while one waits', async () => {
  await using setup = await setUp();
  const { release, held } = hold(setup.database);
  const slow = await setup.connect();
  const quick = await setup.connect();
  slow.write(post('["a"]'));
  await held(1);
  quick.write(post('["b"]'));
  await held(2);
  release[1]?.(replyOf('{"b":1}'));
  assert.match(await quick.answer(), /"b":1/);
  release[0]?.(replyOf('{"a":1}'));
  assert.match(await slow.answer(), /"a":1/);
});

test('HttpServer answers 503 when too many requests of a connection wait', async () => {
  await using setup = await setUp({ pipelinedMax: 2 });
  const { release, held } = hold(setup.database);
  const client = await setup.connect();
  client.write(post('["a"]'));
  await held(1);
  // They are looked at when the first is answered: one then runs, two wait.
  client.write(post('["a"]').repeat(4));
  await setup.arrived();
  for (let at = 0; at < 4; at++) {
    await held(at + 1);
    release[at]?.(replyOf('{}'));
  }
  for (let at = 0; at < 4; at++) assert.match(await client.answer(), /^HTTP\/1.1 200/);
  assert.match(short(await client.answer()), /^503 .*too many pipelined requests \(limit 2\)/);
});

test('HttpServer answers 503 when too many requests are in flight', async () => {
  await using setup = await setUp({ inFlightMax: 1 });
  const { release, held } = hold(setup.database);
  const first = await setup.connect();
  const second = await setup.connect();
  first.write(post('["a"]'));
  await held(1);
  second.write(post('["b"]'));
  const refused = await second.answer();
  assert.match(short(refused), /^503 .*too many requests in flight \(limit 1\), try again later/);
  assert.match(refused, /X-QUORLITE-ERROR: overloaded\r\nRetry-After: 1/);
  release[0]?.(replyOf('{}'));
  await first.answer();
  second.write(post('["b"]'));
  await held(2);
  release[1]?.(replyOf('{}'));
  assert.match(await second.answer(), /^HTTP\/1.1 200/);
});

for (const path of ['plain', 'node'] as const) {
  test(`HttpServer bounds the bytes of answers that nobody takes, ${path}`, async () => {
    await using setup = await setUp({ answerBytesTotalMax: 16_000_000 });
    setup.database.onData = () => Promise.resolve(replyOf('1'.repeat(12_000_000)));
    // A field that is not plain takes the request to Node's server.
    const ask = post('["a"]', path === 'plain' ? '' : 'TE: trailers\r\n', '/db/query');
    const slow = [];
    for (let count = 0; count < 2; count++) {
      const client = await setup.connect();
      client.socket.pause();
      client.write(ask);
      slow.push(client);
      await setup.arrived();
    }
    const calls = setup.database.calls.length;
    const other = await setup.connect();
    other.write(ask + post('["b"]'));
    assert.match(await other.answer(), /^HTTP\/1\.1 503 [^]*too many answers wait/);
    assert.match(await other.answer(), /^HTTP\/1\.1 503 [^]*too many answers wait/);
    assert.equal(setup.database.calls.length, calls, 'nothing is done that cannot be told');
    // One leaves, the other takes its answer after all.
    slow[0]?.socket.destroy();
    slow[1]?.socket.removeAllListeners('data').resume();
    setup.database.onData = () => Promise.resolve(replyOf('1'));
    let answer = '';
    while (!answer.startsWith('HTTP/1.1 200')) {
      other.write(post('["c"]'));
      answer = await other.answer();
    }
  });
}

for (const path of ['plain', 'node'] as const) {
  test(`HttpServer keeps no room for the answer of a client that is gone, ${path}`, async () => {
    await using setup = await setUp({ answerBytesTotalMax: 1_000_000 });
    const { release, held } = hold(setup.database);
    const client = await setup.connect();
    client.write(post('["a"]', path === 'plain' ? '' : 'TE: trailers\r\n'));
    await held(1);
    client.socket.destroy();
    await once(client.socket, 'close');
    const other = await setup.connect();
    // The server has learned of the end once it has answered what came later.
    other.write(PING);
    await other.answer();
    release[0]?.(replyOf('1'.repeat(2_000_000)));
    setup.database.onData = () => Promise.resolve(replyOf('1'));
    await new Promise(setImmediate);
    other.write(post('["b"]'));
    assert.match(await other.answer(), /^HTTP\/1\.1 200/);
  });
}

test('HttpServer closes connections beyond its limit', async () => {
  await using setup = await setUp({ connectionsMax: 1 });
  const first = await setup.connect();
  first.write(PING);
  await first.answer();
  const second = await setup.connect();
  await second.closed();
  first.write(PING);
  assert.match(await first.answer(), /200 OK/);
});

test('HttpServer refuses a body that is too large and keeps the connection', async () => {
  await using setup = await setUp({ bodyBytesMax: 100 });
  const client = await setup.connect();
  const tooMuch = '413 Payload Too Large | request body is too large\n';
  client.write(post('x'.repeat(101)));
  assert.equal(short(await client.answer()), tooMuch);
  client.write('POST /db/query HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  client.write(`60\r\n${'x'.repeat(96)}\r\n60\r\n${'x'.repeat(96)}\r\n0\r\n\r\n`);
  assert.equal(short(await client.answer()), tooMuch);
  client.write(post('x'.repeat(101), '', '/leader'));
  assert.equal(short(await client.answer()), tooMuch);
  const other = await setup.connect();
  other.write(post(`["${'y'.repeat(90)}"]`));
  assert.match(await other.answer(), /^HTTP\/1.1 200/);
  assert.equal(setup.database.calls.length, 1);
});

test('HttpServer gives up a client that goes on sending a refused body', async () => {
  await using setup = await setUp({ bodyBytesMax: 100 });
  const client = await setup.connect();
  client.write('POST /db/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n');
  assert.match(await client.answer(), /^HTTP\/1.1 413/);
  client.write('x'.repeat(300));
  await client.closed();
});

test('HttpServer bounds the bytes of all bodies that are arriving', async () => {
  await using setup = await setUp({ bodyBytesTotalMax: 100 });
  const slow = await setup.connect();
  const other = await setup.connect();
  slow.write(`POST /db/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 80\r\n\r\n${'['.repeat(70)}`);
  // The other's body does not fit beside what has arrived by then.
  for (let tries = 0; ; tries++) {
    other.write(post(`["${'z'.repeat(60)}"]`));
    const answer = await other.answer();
    if (answer.startsWith('HTTP/1.1 503')) break;
    assert.ok(tries < 1_000, 'the slow body never counted');
  }
  slow.socket.destroy();
  for (let tries = 0; ; tries++) {
    other.write(post(`["${'z'.repeat(60)}"]`));
    const answer = await other.answer();
    if (answer.startsWith('HTTP/1.1 200')) break;
    assert.ok(tries < 1_000, 'the bytes of the client that left are still held');
  }
});

test('HttpServer answers 408 when a body does not arrive in time', async () => {
  await using setup = await setUp({ requestTimeoutMs: 300, headersTimeoutMs: 300 });
  const client = await setup.connect();
  client.write('POST /db/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n["');
  assert.equal(
    short(await client.answer()),
    '408 Request Timeout | the request took too long to arrive\n',
  );
  await client.closed();
  assert.equal(setup.database.calls.length, 0);
});

test('HttpServer reads a body that comes byte by byte', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.socket.setNoDelay(true);
  for (const byte of Buffer.from(post('["blåbær"]'))) {
    client.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  assert.match(await client.answer(), /^HTTP\/1.1 200/);
  const [call] = setup.database.calls;
  assert.equal(call?.kind === 'execute' && call.request.statements[0]?.sql, 'blåbær');
});

test('HttpServer does nothing for a client that leaves in the middle of its body', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.write('POST /db/execute HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n["a"');
  await setup.arrived();
  client.socket.destroy();
  await setup.arrived();
  assert.equal(setup.database.calls.length, 0);
});

test('HttpServer survives a client that leaves before its answer', async () => {
  await using setup = await setUp();
  const { release, held } = hold(setup.database);
  const client = await setup.connect();
  client.write(post('["a"]') + post('["never run"]'));
  await held(1);
  await setup.arrived();
  client.socket.destroy();
  await setup.arrived();
  release[0]?.(replyOf('{}'));
  await setup.arrived();
  assert.equal(setup.database.calls.length, 1);
});

test('HttpServer answers what came before garbage, then closes', async () => {
  await using setup = await setUp();
  const { release, held } = hold(setup.database);
  const client = await setup.connect();
  client.write(`${post('["a"]')}${post('["b"]')}this is no HTTP\r\n\r\n`);
  await held(1);
  await setup.arrived();
  release[0]?.(replyOf('{"a":1}'));
  await held(2);
  release[1]?.(replyOf('{"b":1}'));
  assert.match(await client.answer(), /"a":1/);
  assert.match(await client.answer(), /"b":1/);
  await client.closed();
});

test('HttpServer answers 400 to garbage, in a body, too', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.write('this is no HTTP\r\n\r\n');
  assert.equal(short(await client.answer()), '400 Bad Request | malformed HTTP request\n');
  await client.closed();
  const chunked = await setup.connect();
  chunked.write(
    'POST /db/execute HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
  );
  assert.equal(short(await chunked.answer()), '400 Bad Request | malformed HTTP request\n');
  await chunked.closed();
  assert.equal(setup.database.calls.length, 0);
});

test('HttpServer answers 431 to a head that is too large', async () => {
  await using setup = await setUp({ headerBytesMax: 8_192 });
  const client = await setup.connect();
  client.write(`GET /db/query?q=${'x'.repeat(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.match(short(await client.answer()), /^431 .*send long statements with POST\n$/);
});

test('HttpServer asks for the body after Expect: 100-continue, or refuses it', async () => {
  await using setup = await setUp({ bodyBytesMax: 100 });
  const client = await setup.connect();
  const head = 'POST /db/execute HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ';
  client.write(`${head}5\r\n\r\n`);
  assert.match(await client.answer(), /^HTTP\/1.1 100 Continue/);
  client.write('["a"]');
  assert.match(await client.answer(), /^HTTP\/1.1 200/);
  client.write(`${head}500\r\n\r\n`);
  const refused = await client.answer();
  assert.match(refused, /^HTTP\/1.1 413/);
  assert.match(refused, /Connection: close/);
});

test('HttpServer sends large answers whole, and rows in shared memory', async () => {
  await using setup = await setUp();
  const row = `{"values":[["${'blåbær 🫐'.repeat(9_000)}"]]}`;
  const bytes = Buffer.from(row);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 8), 8);
  shared.set(bytes);
  setup.database.onData = () => Promise.resolve({ ...replyOf(''), body: shared });
  const client = await setup.connect();
  client.write(post('["a"]', '', '/db/query?raft_index'));
  assert.ok((await client.answer()).endsWith(`{"results":[${row}],"raft_index":7}`));
  client.write('HEAD /db/query?q=a HTTP/1.1\r\nHost: a\r\n\r\n');
  const head = await client.answer({ head: true });
  assert.match(head, new RegExp(`Content-Length: ${bytes.length + '{"results":[]}'.length}\r\n`));
  client.write(post('["a"]', '', '/db/query?pretty'));
  assert.ok(
    (await client.answer()).endsWith('"\n                ]\n            ]\n        }\n    ]\n}'),
  );
});

test('HttpServer reports the time a request took when asked', async () => {
  await using setup = await setUp();
  const client = await setup.connect();
  client.write(post('["a"]', '', '/db/execute?timings'));
  assert.match(await client.answer(), /\{"results":\[\{\}\],"time":0\.\d+\}$/);
  const [call] = setup.database.calls;
  assert.equal(call?.kind === 'execute' && call.request.format, 257);
});

test('HttpServer sends Access-Control-Allow-Origin when it has one', async () => {
  await using setup = await setUp({}, 'https://example.com');
  const client = await setup.connect();
  client.write(post('["a"]'));
  assert.match(await client.answer(), /\r\nAccess-Control-Allow-Origin: https:\/\/example.com\r\n/);
});

test('HttpServer answers 500 to an error nobody foresaw', async () => {
  await using setup = await setUp();
  setup.database.onData = () => Promise.reject(new TypeError('x is not a function'));
  const client = await setup.connect();
  client.write(post('["a"]'));
  assert.equal(short(await client.answer()), '500 Internal Server Error | x is not a function\n');
});

test('HttpServer.app answers cold routes by inject, without a socket', async () => {
  await using setup = await setUp();
  const answer = await setup.server.app.inject('/nodes?ver=2');
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(
    answer.json<{ nodes: { id: string }[] }>().nodes.map(({ id }) => id),
    ['n1', 'n2'],
  );
  const malformed = await setup.server.app.inject('/%zz');
  assert.equal(malformed.statusCode, 400);
  assert.equal(malformed.headers['content-type'], 'text/plain; charset=utf-8');
});

test('/status names the process, the server and the version', async () => {
  await using setup = await setUp();
  const answer = await setup.server.app.inject('/status');
  const status = answer.json<Record<string, Record<string, unknown>>>();
  assert.equal(Object.keys(status).join(' '), 'build os runtime node http store quorlite');
  assert.equal(status['http']?.['bind_addr'], setup.server.address);
  assert.equal(status['os']?.['pid'], process.pid);
  setup.database.failure = new QuorliteError('no-leader', 'leader not found');
  const without = await setup.server.app.inject('/status?key=store.nodes');
  assert.equal(without.body, '[]');
});

test('stop() lets requests finish, says so, and closes idle connections', async () => {
  const setup = await setUp();
  const { release, held } = hold(setup.database);
  const busy = await setup.connect();
  const idle = await setup.connect();
  const fresh = await setup.connect();
  idle.write(PING);
  await idle.answer();
  busy.write(post('["a"]') + 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n');
  await held(1);
  const stopped = setup.server.stop(60_000);
  await Promise.all([idle.closed(), fresh.closed()]);
  release[0]?.(replyOf('{"a":1}'));
  const answer = await busy.answer();
  assert.match(answer, /"a":1/);
  assert.match(answer, /Connection: close/);
  await busy.closed();
  await stopped;
  await assert.rejects(RawClient.connect(setup.server.address), { code: 'ECONNREFUSED' });
});

test('/readyz says that the node is stopping', async () => {
  const setup = await setUp();
  await setup.server.stop(0);
  const database = new FakeDatabase();
  const server = new HttpServer({
    database,
    logger: silentLogger,
    version: '0.1.0',
    allowOrigin: null,
    limits: DEFAULT_HTTP_LIMITS,
  });
  await server.app.ready();
  const before = await server.app.inject('/readyz');
  assert.equal(before.statusCode, 200);
  const pending = server.stop(0);
  const after = await server.app.inject('/readyz');
  assert.deepEqual([after.statusCode, after.body], [503, '[+]node ok\n[+]node stopping']);
  await pending;
});

test('stop() closes what is not finished after its grace', async () => {
  const setup = await setUp();
  const { held } = hold(setup.database);
  const client = await setup.connect();
  client.write(post('["a"]'));
  await held(1);
  await setup.server.stop(10);
  await client.closed();
});

test('listen() says which option to change when the address cannot be used', async () => {
  await using setup = await setUp();
  const make = (): HttpServer =>
    new HttpServer({
      database: setup.database,
      logger: silentLogger,
      version: '0.1.0',
      allowOrigin: null,
      limits: DEFAULT_HTTP_LIMITS,
    });
  await assert.rejects(make().listen(setup.server.address), {
    code: 'address',
    message: new RegExp(`^Cannot listen for clients on ${setup.server.address}: .* --http$`),
  });
  await assert.rejects(make().listen('4001'), { code: 'address' });
});

test('listen() listens on IPv6 where there is one', async (t) => {
  const probe = connect({ host: '::1', port: 1 });
  const [error] = (await once(probe, 'error')) as [NodeJS.ErrnoException];
  if (error.code !== 'ECONNREFUSED') {
    t.skip('no IPv6 here');
    return;
  }
  const server = new HttpServer({
    database: new FakeDatabase(),
    logger: silentLogger,
    version: '0.1.0',
    allowOrigin: null,
    limits: DEFAULT_HTTP_LIMITS,
  });
  await server.listen('[::1]:0');
  assert.match(server.address, /^\[::1\]:\d+$/);
  await server.stop(0);
});
