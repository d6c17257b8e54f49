import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serveOptions, type ServeOptions } from '../options.ts';
import { resolveOptions } from '../options/table.ts';
import { checkServeOptions, exposureWarning } from './check.ts';

function optionsOf(flags: Readonly<Record<string, string>>): ServeOptions {
  return resolveOptions(serveOptions, { flags, env: {}, envPrefix: 'QUORLITE_', file: null });
}

function refuses(flags: Readonly<Record<string, string>>, message: RegExp): void {
  assert.throws(() => checkServeOptions(optionsOf(flags)), { code: 'configuration', message });
}

test('checkServeOptions() takes the defaults and a complete cluster', () => {
  checkServeOptions(optionsOf({}));
  checkServeOptions(
    optionsOf({
      http: '0.0.0.0:4001',
      httpAdvertise: 'db1:4001',
      peer: '0.0.0.0:4002',
      peerAdvertise: 'db1:4002',
      clusterSecret: 'x',
      join: 'db1:4002,db2:4002,db3:4002',
      bootstrapExpect: '3',
    }),
  );
});

test('checkServeOptions() wants an address that others can reach', () => {
  refuses({ http: '0.0.0.0:4001' }, /as --http-advertise$/);
  refuses({ peer: '[::]:4002', clusterSecret: 'x' }, /as --peer-advertise$/);
});

test('checkServeOptions() wants a secret when nodes meet on a network', () => {
  refuses({ peer: '10.0.0.1:4002' }, /same --cluster-secret$/);
});

test('checkServeOptions() wants several heartbeats in an election timeout', () => {
  refuses({ heartbeat: '600ms' }, /at most half of --election-timeout/);
});

test('checkServeOptions() wants to know whom to bootstrap with', () => {
  refuses({ bootstrapExpect: '3' }, /peer addresses of the nodes as --join$/);
});

test('exposureWarning() warns when others can connect', () => {
  assert.equal(exposureWarning('127.0.0.1:4001'), null);
  assert.match(exposureWarning('0.0.0.0:4001') ?? '', /WARNING: whoever reaches 0\.0\.0\.0:4001/);
});
