import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { type ClientOptions, QuorliteClient } from './client.ts';
import { DONE, FakeServer, type Script, refusal } from './fake-server.suite.ts';

function clientOf(
  servers: readonly (FakeServer | string)[],
  options: Partial<ClientOptions> = {},
): QuorliteClient {
  const endpoints = servers.map((server) => (typeof server === 'string' ? server : server.url));
  return new QuorliteClient({ endpoints, discover: false, timeoutMs: 5_000, ...options });
}

/** An address where nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const rejectsWith = (code: string): { code: string } => ({ code });

test('execute() sends statements and reads what they did', async () => {
  await using server = await FakeServer.start(() => ({
    body:
      '{"results":[{"last_insert_id":3,"rows_affected":1},{"error":"no such table: x"},{}],' +
      '"raft_index":9}',
    headers: { 'X-RQLITE-SERVED-BY': '127.0.0.1:4003' },
  }));
  await using client = clientOf([server]);
  const { results, index, servedBy } = await client.execute(
    [
      'DELETE FROM a',
      { sql: 'INSERT INTO a VALUES(?,?,?,?,?)', params: [1, 1.5, 2n ** 60n, null, true] },
      { sql: 'INSERT INTO b VALUES(:x,:y)', params: { x: 'é', y: Uint8Array.of(1, 255) } },
    ],
    { transaction: true },
  );
  assert.deepEqual(results, [
    { kind: 'change', lastInsertId: 3, rowsAffected: 1 },
    { kind: 'error', message: 'no such table: x' },
    { kind: 'change', lastInsertId: 0, rowsAffected: 0 },
  ]);
  assert.deepEqual([index, servedBy], [9, '127.0.0.1:4003']);
  assert.deepEqual(server.seen, [
    {
      method: 'POST',
      target: '/db/execute?blob_array&raft_index&transaction&timeout=5000ms',
      body:
        '["DELETE FROM a",' +
        '["INSERT INTO a VALUES(?,?,?,?,?)",1,1.5,1152921504606846976,null,true],' +
        `["INSERT INTO b VALUES(:x,:y)",{"x":"é","y":"x'01ff'"}]]`,
      authorization: '',
    },
  ]);
});

test('query() reads rows with blobs and exact integers', async () => {
  const row = '[9007199254740993,1,1.5,"x",null,true,[0,255],0.30000000000000004]';
  await using server = await FakeServer.start(() => ({
    body:
      `{"results":[{"columns":["a","b"],"types":["integer","text"],"values":[${row}]},` +
      '{"columns":["c"],"types":[""]}]}',
  }));
  await using client = clientOf([server], { timeoutMs: 30_000 });
  const { results } = await client.query('SELECT 1', { level: 'none', freshnessMs: 100 });
  assert.deepEqual(results, [
    {
      kind: 'rows',
      columns: ['a', 'b'],
      types: ['integer', 'text'],
      rows: [
        [9007199254740993n, 1, 1.5, 'x', null, true, Uint8Array.of(0, 255), 0.30000000000000004],
      ],
    },
    { kind: 'rows', columns: ['c'], types: [''], rows: [] },
  ]);
  assert.equal(
    server.seen[0]?.target,
    '/db/query?blob_array&raft_index&level=none&freshness=100ms',
  );
  await using inexact = clientOf([server], { exactIntegers: false });
  const { results: rounded } = await inexact.query('SELECT 1');
  assert.equal(rounded[0]?.kind === 'rows' && rounded[0].rows[0]?.[0], 9007199254740992);
});

test('query() tries the next node when one is not there, and sticks to it', async () => {
  await using server = await FakeServer.start(() => DONE);
  await using client = clientOf([await deadAddress(), server]);
  await client.query('SELECT 1');
  await client.query('SELECT 1');
  assert.equal(server.seen.length, 2);
});

test('execute() tries the next node when the connection is refused', async () => {
  await using server = await FakeServer.start(() => DONE);
  await using client = clientOf([await deadAddress(), server]);
  await client.execute('DELETE FROM a');
  assert.equal(server.seen.length, 1);
});

test('execute() rejects with unknown-outcome when its answer is lost, at once', async () => {
  await using killer = await FakeServer.start(() => null);
  await using other = await FakeServer.start(() => DONE);
  await using client = clientOf([killer, other]);
  await assert.rejects(client.execute('DELETE FROM a'), {
    code: 'unknown-outcome',
    message: /its answer was lost, the write may or may not have happened/,
  });
  assert.deepEqual([killer.seen.length, other.seen.length], [1, 0]);
  // The next call goes elsewhere.
  await client.execute('DELETE FROM a');
  assert.equal(other.seen.length, 1);
});

test('query() is repeated elsewhere when its answer is lost', async () => {
  await using killer = await FakeServer.start(() => null);
  await using other = await FakeServer.start(() => DONE);
  await using client = clientOf([killer, other]);
  await client.query('SELECT 1');
  assert.deepEqual([killer.seen.length, other.seen.length], [1, 1]);
});

test('request() is treated as a write', async () => {
  await using killer = await FakeServer.start(() => null);
  await using client = clientOf([killer]);
  await assert.rejects(client.request('SELECT 1'), rejectsWith('unknown-outcome'));
  assert.equal(killer.seen.length, 1);
});

test('execute() tries again when the server says that nothing happened', async () => {
  const refusals = [
    refusal(503, 'leader not found'),
    refusal(503, 'not leader'),
    refusal(503, 'too many requests in flight', 'overloaded'),
    refusal(503, 'node is stopping', 'stopping'),
    refusal(503, 'leadership lost before the write was committed', 'superseded'),
    { body: '{"results":[],"error":"store not ready"}' },
  ];
  const script: Script = (_seen, count) => refusals[count - 1] ?? DONE;
  await using server = await FakeServer.start(script);
  await using client = clientOf([server]);
  await client.execute('DELETE FROM a');
  assert.equal(server.seen.length, refusals.length + 1);
});

test('execute() goes to another node when one says that it cannot', async () => {
  await using first = await FakeServer.start(() => refusal(503, 'leader not found', 'no-leader'));
  await using second = await FakeServer.start(() => DONE);
  await using client = clientOf([first, second]);
  await client.execute('DELETE FROM a');
  await client.execute('DELETE FROM a');
  assert.deepEqual([first.seen.length, second.seen.length], [1, 2]);
});

test('calls reject with the code that the server tells, without another try', async () => {
  const cases: readonly (readonly [answer: ReturnType<typeof refusal>, code: string])[] = [
    [refusal(400, 'invalid request'), 'invalid-request'],
    [refusal(413, 'request body is too large', 'too-large'), 'too-large'],
    [refusal(401, ''), 'configuration'],
    [refusal(404, ''), 'wrong-version'],
    [refusal(501, '/verify is not available'), 'wrong-version'],
    [refusal(500, 'Cannot remove n9: it is no member', 'membership'), 'membership'],
    [refusal(500, 'something broke'), 'unknown-outcome'],
    [refusal(500, 'x', 'no such code'), 'unknown-outcome'],
    [refusal(503, 'upstream reset before headers'), 'unknown-outcome'],
    [refusal(504, 'proxy'), 'unknown-outcome'],
    [
      { body: '{"results":[],"error":"leadership lost while committing log: x"}' },
      'unknown-outcome',
    ],
    [{ body: '{"results":[],"error":"timed out enqueuing operation: x"}' }, 'timeout'],
    [{ body: '{"results":[],"error":"disallowed pragma"}' }, 'sql'],
    [
      { body: '{"results":[],"error":"x"}', headers: { 'X-QUORLITE-ERROR': 'disk-full' } },
      'disk-full',
    ],
    [{ body: 'no JSON' }, 'wrong-version'],
  ];
  for (const [answer, code] of cases) {
    await using server = await FakeServer.start(() => answer);
    await using client = clientOf([server]);
    await assert.rejects(client.execute('DELETE FROM a'), rejectsWith(code), answer.body);
    assert.equal(server.seen.length, 1, answer.body);
  }
});

test('query() rejects with stale-read without asking further', async () => {
  await using server = await FakeServer.start(() => ({
    body: '{"results":[],"error":"stale read"}',
  }));
  await using client = clientOf([server]);
  await assert.rejects(client.query('SELECT 1', { level: 'none' }), rejectsWith('stale-read'));
  assert.equal(server.seen.length, 1);
});

test('calls end at their deadline, with what kept them', async () => {
  await using leaderless = await FakeServer.start(() => refusal(503, 'leader not found'));
  await using silent = await FakeServer.start(() => 'silence');
  await using one = clientOf([leaderless], { timeoutMs: 200 });
  await assert.rejects(one.query('SELECT 1'), rejectsWith('no-leader'));
  assert.ok(leaderless.seen.length > 1);
  await using two = clientOf([silent]);
  await assert.rejects(two.query('SELECT 1', { timeoutMs: 100 }), rejectsWith('timeout'));
  await assert.rejects(
    two.execute('DELETE FROM a', { timeoutMs: 100 }),
    rejectsWith('unknown-outcome'),
  );
  await using three = clientOf([await deadAddress()], { timeoutMs: 200 });
  await assert.rejects(three.execute('DELETE FROM a'), rejectsWith('no-leader'));
});

test('calls end when their signal is aborted', async () => {
  await using silent = await FakeServer.start(() => 'silence');
  await using client = clientOf([silent]);
  const controller = new AbortController();
  const read = client.query('SELECT 1', { signal: controller.signal });
  const write = client.execute('DELETE FROM a', { signal: controller.signal });
  while (silent.seen.length < 2) await new Promise(setImmediate);
  controller.abort();
  await assert.rejects(read, { name: 'AbortError' });
  await assert.rejects(write, rejectsWith('unknown-outcome'));
  await assert.rejects(client.query('SELECT 1', { signal: controller.signal }), {
    name: 'AbortError',
  });
});

test('close() ends calls under way and refuses new ones', async () => {
  await using silent = await FakeServer.start(() => 'silence');
  const client = clientOf([silent]);
  const read = client.query('SELECT 1');
  while (silent.seen.length < 1) await new Promise(setImmediate);
  client.close();
  await assert.rejects(read, rejectsWith('stopping'));
  await assert.rejects(client.execute('DELETE FROM a'), rejectsWith('stopping'));
});

test('execute() survives a node that goes away between calls', async () => {
  const first = await FakeServer.start(() => DONE);
  await using second = await FakeServer.start(() => DONE);
  await using client = clientOf([first, second]);
  await client.execute('DELETE FROM a');
  await first[Symbol.asyncDispose]();
  await client.query('SELECT 1');
  await client.execute('DELETE FROM a');
  assert.equal(second.seen.length, 2);
});

test('the client learns the nodes, follows the leader, and finds another one', async () => {
  let leader = '';
  const servers: FakeServer[] = [];
  const script: Script = ({ target }) => {
    if (!target.startsWith('/nodes')) return { ...DONE, headers: { 'X-RQLITE-SERVED-BY': leader } };
    const nodes = servers.map(({ url }, at) => ({ id: `n${at}`, api_addr: url }));
    return { body: JSON.stringify({ nodes }) };
  };
  for (let count = 0; count < 3; count++) servers.push(await FakeServer.start(script));
  const [first, second, third] = servers as [FakeServer, FakeServer, FakeServer];
  leader = second.address;
  await using client = clientOf([first], { discover: true });
  await client.query('SELECT 1');
  while (client.endpoints.length < 3) await new Promise(setImmediate);
  assert.deepEqual(client.endpoints.toSorted(), servers.map(({ url }) => url).toSorted());
  await client.execute('DELETE FROM a');
  await client.execute('DELETE FROM a');
  await client.query('SELECT 1');
  assert.deepEqual([first.data.length, second.data.length, third.data.length], [2, 2, 0]);
  await second[Symbol.asyncDispose]();
  leader = third.address;
  await client.query('SELECT 1');
  await client.execute('DELETE FROM a');
  await client.execute('DELETE FROM a');
  assert.equal(third.data.length, 3);
  await first[Symbol.asyncDispose]();
  await third[Symbol.asyncDispose]();
});

test('nodes(), leader(), status(), verify() read what the server shows', async () => {
  const node =
    '{"id":"n1","api_addr":"http://127.0.0.1:4001","addr":"127.0.0.1:4002","version":"0.1.0",' +
    '"voter":true,"reachable":true,"leader":true,"time":0.1,"time_s":"100ms"}';
  const pages: Readonly<Record<string, string>> = {
    '/nodes?ver=2&nonvoters':
      `{"nodes":[${node},{"id":"n2","version":"","voter":false,"reachable":false,` +
      '"leader":false,"error":"refused"}]}',
    '/leader': node,
    '/status': '{"store":{"raft":{"term":3}}}',
    '/verify':
      '{"index":9,"nodes":[{"id":"n1","api_addr":"http://127.0.0.1:4001","hash":"ab","error":null},' +
      '{"id":"n2","api_addr":"","hash":null,"error":"no answer"}]}',
  };
  await using server = await FakeServer.start(({ target }) => ({ body: pages[target] ?? '' }));
  await using client = clientOf([server]);
  const info = {
    id: 'n1',
    url: 'http://127.0.0.1:4001',
    peerAddress: '127.0.0.1:4002',
    version: '0.1.0',
    voter: true,
    reachable: true,
    leader: true,
    error: '',
  };
  const [first, second] = await client.nodes();
  assert.deepEqual(first, info);
  assert.deepEqual([second?.url, second?.error], ['', 'refused']);
  assert.deepEqual(await client.leader(), info);
  assert.deepEqual(await client.status(), { store: { raft: { term: 3 } } });
  assert.deepEqual(await client.verify(), {
    index: 9,
    nodes: [
      { id: 'n1', url: 'http://127.0.0.1:4001', hash: 'ab', error: null },
      { id: 'n2', url: '', hash: null, error: 'no answer' },
    ],
  });
});

test('remove() and transferLeadership() say whom they mean', async () => {
  await using server = await FakeServer.start(() => ({ body: '' }));
  await using client = clientOf([server.url.replace('//', '//ann:s%40cret@')]);
  await client.remove('n2');
  await client.transferLeadership('n3');
  await client.transferLeadership(null);
  const authorization = `Basic ${Buffer.from('ann:s@cret').toString('base64')}`;
  assert.deepEqual(server.seen, [
    { method: 'DELETE', target: '/remove', body: '{"id":"n2"}', authorization },
    { method: 'POST', target: '/leader?wait', body: '{"id":"n3"}', authorization },
    { method: 'POST', target: '/leader?wait', body: '', authorization },
  ]);
});

test('transferLeadership() is not repeated when its answer is lost', async () => {
  await using killer = await FakeServer.start(() => null);
  await using client = clientOf([killer]);
  await assert.rejects(client.transferLeadership(null), rejectsWith('unknown-outcome'));
  assert.equal(killer.seen.length, 1);
});

test('QuorliteClient refuses endpoints it cannot use', () => {
  assert.throws(() => clientOf([]), rejectsWith('configuration'));
  assert.throws(() => clientOf(['ftp://a']), rejectsWith('configuration'));
  assert.throws(() => clientOf(['http://']), rejectsWith('configuration'));
  assert.deepEqual(clientOf(['localhost:4001', 'https://db.example/x/']).endpoints, [
    'http://localhost:4001',
    'https://db.example/x',
  ]);
});

test('execute() refuses values that would not arrive as they are', async () => {
  await using client = clientOf(['127.0.0.1:1']);
  for (const value of [NaN, Infinity, 2n ** 63n, "x'00'", new Date() as unknown as null]) {
    await assert.rejects(
      client.execute({ sql: 'x', params: [value] }),
      rejectsWith('invalid-request'),
    );
  }
});
