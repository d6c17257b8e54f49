import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLogger } from '../../src/index.ts';
import { DEFAULT_HTTP_LIMITS } from '../../src/serve/http/limits.ts';
import { HttpServer } from '../../src/serve/server.ts';
import { TestCluster } from './nodes.ts';

/** Asks a node over HTTP and gives status and text. */
async function ask(
  base: string,
  path: string,
  body: string | null = null,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://${base}${path}`, {
    ...(body === null ? {} : { method: 'POST', body }),
    headers: { 'content-type': 'application/json' },
  });
  return { status: response.status, text: await response.text() };
}

/** Path, body and answer, in order, on one database. */
const EXCHANGES: readonly (readonly [string, string | null, string])[] = [
  [
    '/db/execute',
    '["CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, pop INT)",' +
      '["INSERT INTO city(name,pop) VALUES(?,?)","Oslo",717710],' +
      '["INSERT INTO city(name,pop) VALUES(:n,:p)",{"n":"Bergen","p":291940}]]',
    '{"results":[{},{"last_insert_id":1,"rows_affected":1},' +
      '{"last_insert_id":2,"rows_affected":1}]}',
  ],
  [
    '/db/query?q=SELECT%20id,name%20FROM%20city',
    null,
    '{"results":[{"columns":["id","name"],"types":["integer","text"],' +
      '"values":[[1,"Oslo"],[2,"Bergen"]]}]}',
  ],
  [
    '/db/query?level=strong&associative',
    '["SELECT id, name FROM city WHERE id = 1"]',
    '{"results":[{"types":{"id":"integer","name":"text"},"rows":[{"id":1,"name":"Oslo"}]}]}',
  ],
  [
    '/db/execute',
    '["INSERT INTO city(id) VALUES(1)"]',
    '{"results":[{"error":"UNIQUE constraint failed: city.id"}]}',
  ],
  [
    '/db/query',
    '["DELETE FROM city"]',
    '{"results":[{"error":"attempt to change database via query operation"}]}',
  ],
  [
    '/db/request',
    '["INSERT INTO city(name) VALUES(\\"Molde\\")","SELECT count(*) FROM city"]',
    '{"results":[{"last_insert_id":3,"rows_affected":1},' +
      '{"columns":["count(*)"],"types":["integer"],"values":[[3]]}]}',
  ],
  [
    '/db/execute',
    '["INSERT INTO city(name) VALUES(?)"]',
    '{"results":[{"error":"not enough args to execute query: want 1 got 0"}]}',
  ],
];

test('http: results have the shapes of the contract, on a real node', async () => {
  await using cluster = await TestCluster.start(1);
  const server = new HttpServer({
    database: cluster.node(0).database,
    logger: silentLogger,
    version: '0.1.0',
    allowOrigin: null,
    limits: DEFAULT_HTTP_LIMITS,
  });
  await server.listen('127.0.0.1:0');
  const base = server.address;
  for (const [path, body, answer] of EXCHANGES) {
    assert.deepEqual(await ask(base, path, body), { status: 200, text: answer }, path);
  }
  const infinite = await ask(base, '/db/query?q=SELECT%209e999', null);
  assert.equal(infinite.status, 500);
  assert.match(infinite.text, /unsupported value: \+Inf/);
  for (const [body, text] of [
    ['[', 'invalid JSON body'],
    ['{}', 'invalid request'],
    ['[]', 'no statements'],
    ['[1]', 'invalid request'],
  ] as const) {
    const refused = await ask(base, '/db/execute', body);
    assert.equal(refused.status, 400);
    assert.match(refused.text, new RegExp(text));
  }
  await server.stop(1000);
});
