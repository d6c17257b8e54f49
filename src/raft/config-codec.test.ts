import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { EMPTY_CONFIG, decodeConfig, encodeConfig } from './config-codec.ts';
import type { Config } from './config.ts';
import { configOf, memberOf } from './testing/cluster.suite.ts';

const names = fc.array(fc.string({ maxLength: 12 }), { maxLength: 5 });
const member = fc.string({ maxLength: 12 }).map((id) => memberOf(id, 'ab'));
const config: fc.Arbitrary<Config> = fc
  .tuple(fc.tuple(names, names, names, names), fc.boolean(), fc.array(member, { maxLength: 5 }))
  .map(([[voters, votersOutgoing, learners, learnersNext], autoLeave, members]) => ({
    voters,
    votersOutgoing,
    learners,
    learnersNext,
    autoLeave,
    members,
  }));

test('decodeConfig() gives back what encodeConfig() got', () => {
  fc.assert(
    fc.property(config, (original) => {
      assert.deepEqual(decodeConfig(encodeConfig(original)), original);
    }),
  );
});

test('decodeConfig() refuses every other length, and anything else, without throwing', () => {
  const bytes = encodeConfig(configOf(['n1', 'n2'], ['n3']));
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeConfig(bytes.slice(0, length)), null);
  }
  assert.equal(decodeConfig(new Uint8Array([...bytes, 0])), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
      decodeConfig(noise);
    }),
  );
});

test('the bytes of a configuration stay what they are', () => {
  const hexadecimal = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  assert.equal(hexadecimal(encodeConfig(EMPTY_CONFIG)), '01000000000000');
  assert.equal(
    hexadecimal(encodeConfig(configOf(['a'], ['b']))),
    '010101610001016200000201610131' +
      '03613a31' +
      '03613a32' +
      '01620131' +
      '03623a31' +
      '03623a32',
  );
});
