import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { createLogger, prettyLine } from './logger.ts';

test('createLogger() has no function for levels that are off', () => {
  const logger = createLogger({ level: 'warn', format: 'json' });
  assert.equal(logger.debug, undefined);
  assert.equal(logger.info, undefined);
  assert.notEqual(logger.warn, undefined);
  assert.equal(logger.child({ node: 'n1' }).info, undefined);
  assert.equal(createLogger({ level: 'off', format: 'pretty' }).error, undefined);
});

test('prettyLine() is one line with the fields after the message', () => {
  const line = prettyLine('warn', 'Disk is slow', {
    ms: 12,
    path: '/a b',
    peers: ['n1'],
    error: new Error('no space'),
  });
  assert.match(
    stripVTControlCharacters(line),
    /^[\d:.]{12} warn {2}Disk is slow ms=12 path="\/a b" peers=\["n1"\] error="no space"\n$/,
  );
});
