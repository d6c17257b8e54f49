import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import {
  address,
  addressList,
  count,
  duration,
  filePath,
  isLoopback,
  isWildcard,
  nodeId,
  oneOf,
  reachableAddress,
  size,
  splitAddress,
  ValueError,
  type ValueType,
} from './value.ts';

function refuses(type: ValueType<unknown>, texts: readonly string[], message: RegExp): void {
  for (const text of texts) {
    assert.throws(() => type.parse(text), { name: ValueError.name, message }, text);
  }
}

test('duration() reads units and refuses what is out of range or has none', () => {
  const type = duration({ min: '20ms', max: '10m' });
  assert.deepEqual(
    ['300ms', '1s', '1.5s', '2m'].map((text) => type.parse(text)),
    [300, 1000, 1500, 120_000],
  );
  refuses(type, ['300', '1 s', 's', '-1s', '1d', '1e3s', ''], /such as 300ms or 1s/);
  refuses(type, ['19ms', '11m', '0'], /from 20ms to 10m/);
  assert.equal(duration({ min: '0', max: '1s' }).parse('0'), 0);
});

test('size() reads binary and decimal units and plain bytes', () => {
  const type = size({ min: '1KiB', max: '1GiB' });
  assert.deepEqual(
    ['64MiB', '1KiB', '2000', '1MB', '1.5 MiB'].map((text) => type.parse(text)),
    [67_108_864, 1024, 2000, 1_000_000, 1_572_864],
  );
  refuses(type, ['64M', 'MiB', '-1', '1e6', '0x10'], /such as 64MiB/);
  refuses(type, ['1', '2GiB'], /from 1KiB to 1GiB/);
});

test('count() takes whole numbers in its range only', () => {
  const type = count({ min: 1, max: 9 });
  assert.equal(type.parse('3'), 3);
  refuses(type, ['0', '10', '1.5', '1e0', '', 'three', '-1'], /whole number from 1 to 9/);
});

test('nodeId() takes names that are safe in paths and messages', () => {
  assert.equal(nodeId().parse('n1'), 'n1');
  assert.equal(nodeId().parse('db-1.example.com'), 'db-1.example.com');
  refuses(nodeId(), ['', '-n1', '.', '../x', 'n 1', 'ñ', 'x'.repeat(64)], /up to 63 letters/);
});

test('oneOf() names the words', () => {
  assert.equal(oneOf(['table', 'csv']).parse('csv'), 'csv');
  refuses(oneOf(['table', 'csv']), ['CSV', 'xml'], /one of table, csv/);
});

test('filePath() gives absolute paths', () => {
  assert.equal(filePath('file').parse('data'), path.resolve('data'));
});

test('address() takes names, IPv4 and bracketed IPv6 with a port', () => {
  for (const text of ['127.0.0.1:4001', 'localhost:0', '[::1]:4001', 'db-1.lan:1', '0.0.0.0:80']) {
    assert.equal(address().parse(text), text);
  }
  refuses(
    address(),
    ['4001', ':4001', 'host:', '::1:4001', '1.2.3:1', '[x]:1', 'a b:1'],
    /host:port/,
  );
  refuses(address(), ['localhost:65536'], /the port must be from 0 to 65535/);
  refuses(address(), ['http://localhost:4001'], /without a scheme/);
});

test('reachableAddress() refuses what nobody can connect to', () => {
  assert.equal(reachableAddress().parse('db1:4001'), 'db1:4001');
  refuses(reachableAddress(), ['0.0.0.0:4001', '[::]:4001'], /can connect to/);
  refuses(reachableAddress(), ['db1:0'], /from 1 to 65535/);
});

test('addressList() splits at commas and may be empty', () => {
  assert.deepEqual(addressList().parse('a:1, b:2,'), ['a:1', 'b:2']);
  assert.deepEqual(addressList().parse(''), []);
  refuses(addressList(), ['a:1,b'], /host:port/);
});

test('isLoopback() and isWildcard() know their addresses', () => {
  assert.deepEqual(
    ['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '[::1]:1', '10.0.0.1:1', '0.0.0.0:1', 'h:1'].map(
      isLoopback,
    ),
    [true, true, true, true, false, false, false],
  );
  assert.deepEqual(['0.0.0.0:1', '[::]:1', '127.0.0.1:1'].map(isWildcard), [true, true, false]);
  assert.deepEqual(splitAddress('[::1]:4001'), { host: '::1', port: 4001 });
});
