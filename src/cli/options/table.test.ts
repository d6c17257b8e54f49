import assert from 'node:assert/strict';
import { test } from 'node:test';

import { QuorliteError } from '../../base/errors.ts';
import { parseConfigFile } from './file.ts';
import {
  kebabCase,
  option,
  optional,
  resolveOptions,
  variableName,
  type OptionSources,
  type OptionTable,
} from './table.ts';
import { addressList, duration, filePath, text } from './value.ts';

interface Options {
  readonly electionTimeout: number;
  readonly id: string | null;
  readonly join: readonly string[];
  readonly config: string | null;
}

const table: OptionTable<Options> = {
  electionTimeout: option(duration({ min: '1ms', max: '1m' }), { about: '', default: '1s' }),
  id: optional(text('id'), { about: '' }),
  join: option(addressList(), { about: '', default: '' }),
  config: optional(filePath('file'), { about: '' }),
};

function resolve(sources: Partial<OptionSources>): Options {
  return resolveOptions(table, { flags: {}, env: {}, envPrefix: 'Q_', file: null, ...sources });
}

function refuses(sources: Partial<OptionSources>, message: string): void {
  assert.throws(
    () => resolve(sources),
    (error) => {
      assert.ok(error instanceof QuorliteError);
      assert.equal(error.code, 'configuration');
      assert.equal(error.message, message);
      return true;
    },
  );
}

test('resolveOptions() uses the defaults when nothing is given', () => {
  assert.deepEqual(resolve({}), { electionTimeout: 1000, id: null, join: [], config: null });
});

test('resolveOptions() prefers the flag, then the variable, then the file', () => {
  const flags = { electionTimeout: '1ms' };
  const env = { Q_ELECTION_TIMEOUT: '2ms' };
  const file = parseConfigFile('q.toml', 'election-timeout = "3ms"');
  assert.equal(resolve({ flags, env, file }).electionTimeout, 1);
  assert.equal(resolve({ env, file }).electionTimeout, 2);
  assert.equal(resolve({ file }).electionTimeout, 3);
});

test('resolveOptions() takes an empty variable for one that is not set', () => {
  assert.equal(resolve({ env: { Q_ID: '' } }).id, null);
});

test('resolveOptions() takes lists of the file', () => {
  const file = parseConfigFile('q.toml', 'id = "n1"\njoin = ["a:1", "b:2"]');
  assert.deepEqual(resolve({ file }).join, ['a:1', 'b:2']);
});

test('resolveOptions() names the source of a value it cannot use', () => {
  const reason = 'it must be a duration such as 300ms or 1s';
  refuses({ flags: { electionTimeout: 'soon' } }, `Cannot use --election-timeout soon: ${reason}`);
  refuses({ env: { Q_ELECTION_TIMEOUT: '1' } }, `Cannot use Q_ELECTION_TIMEOUT=1: ${reason}`);
  refuses(
    { file: parseConfigFile('q.toml', '# ours\n\nelection-timeout = 5') },
    `Cannot use election-timeout in q.toml:3: ${reason}`,
  );
  refuses({ flags: { id: '' } }, 'Cannot use --id : it is empty');
});

test('resolveOptions() refuses keys of the file that it does not know', () => {
  refuses(
    { file: parseConfigFile('q.toml', 'id = "n1"\nelection-timout = "1s"') },
    'Cannot use election-timout in q.toml:2: did you mean election-timeout?',
  );
  refuses(
    { file: parseConfigFile('q.toml', '[replication]\nx = 1') },
    'Cannot use replication in q.toml:1: there is no such option',
  );
  refuses(
    { file: parseConfigFile('q.toml', 'config = "other.toml"') },
    'Cannot use config in q.toml:1: there is no such option',
  );
});

test('resolveOptions() refuses values of the file that no flag could have', () => {
  refuses(
    { file: parseConfigFile('q.toml', 'id = {a = 1}') },
    'Cannot use id in q.toml:1: it must be a text, a number or a list of texts',
  );
});

test('parseConfigFile() names the line that is not TOML', () => {
  assert.throws(() => parseConfigFile('q.toml', 'id = "n1"\nid = '), {
    message: /^Cannot read the configuration file q\.toml:2: /,
  });
});

test('kebabCase() and variableName() write a name as flags and variables do', () => {
  assert.equal(kebabCase('httpAdvertise'), 'http-advertise');
  assert.equal(variableName('QUORLITE_', 'httpAdvertise'), 'QUORLITE_HTTP_ADVERTISE');
});
