import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Hello } from '../peer/transport.ts';
import { admit, type AdmissionView } from './admission.ts';

const view: AdmissionView = {
  id: 'n1',
  cluster: 'c1',
  engine: 'sqlite 3.53.4',
  removed: new Set(['a9']),
  config: {
    voters: ['n1', 'n2'],
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
    members: [
      { id: 'n1', incarnation: 'a1', peerAddress: 'h:1', clientAddress: 'h:2' },
      { id: 'n2', incarnation: 'a2', peerAddress: 'h:3', clientAddress: 'h:4' },
    ],
  },
};

const hello: Hello = {
  id: 'n2',
  incarnation: 'a2',
  cluster: 'c1',
  peerAddress: 'h:3',
  clientAddress: 'h:4',
  version: '0.1.0',
  engine: 'sqlite 3.53.4',
  founders: '',
  recovering: false,
};

test('admit() lets a member in, and a new node that has no cluster yet', () => {
  assert.equal(admit(view, hello), null);
  assert.equal(admit(view, { ...hello, id: 'n3', cluster: null }), null);
});

test('R13: admit() refuses a known id with a re-created data directory and says what to do', () => {
  for (const cluster of [null, 'c1']) {
    const reason = admit(view, { ...hello, incarnation: 'zz', cluster });
    assert.match(reason ?? '', /^wrong-incarnation: .*n2.*Remove it first/);
  }
});

test('admit() refuses another cluster, another engine and a removed node', () => {
  assert.match(admit(view, { ...hello, cluster: 'c2' }) ?? '', /^wrong-cluster: .*--join/);
  assert.match(admit(view, { ...hello, engine: 'sqlite 3.51.0' }) ?? '', /^wrong-version: .*3\.51/);
  assert.match(
    admit(view, { ...hello, id: 'n9', incarnation: 'a9' }) ?? '',
    /^not-member: .*n9 was removed/,
  );
});

test('admit() lets a removed id come back with an empty directory', () => {
  const back = { ...hello, id: 'n9', incarnation: 'new' };
  assert.equal(admit(view, { ...back, cluster: null }), null);
  assert.equal(admit(view, back), null, 'also where it is not known yet that it is back');
});
