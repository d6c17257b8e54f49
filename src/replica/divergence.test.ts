import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { NodeId } from '../base/ids.ts';
import { Divergence } from './divergence.ts';

/** Nodes that tell each other their digests at once; the first leads in term 1. */
function cluster(ids: readonly NodeId[]) {
  const nodes = new Map<NodeId, Divergence>();
  const reign = { leader: ids[0] ?? '', term: 1 };
  const applied = new Map<NodeId, number>();
  const differs: string[] = [];
  for (const id of ids) {
    nodes.set(
      id,
      new Divergence(id, {
        leadership: () => ({ ...reign, role: id === reign.leader ? 'leader' : 'follower' }),
        applied: () => applied.get(id) ?? 0,
        voters: () => ids,
        others: () => ids.filter((other) => other !== id),
        tell: (to, body) => {
          nodes.get(to)?.onDigest(id, body);
        },
        reply: (to, body) => {
          nodes.get(to)?.onReply(id, body);
        },
        onDiffers: (index) => {
          differs.push(`${id} at ${index}`);
        },
      }),
    );
  }
  const at = (id: NodeId): Divergence => nodes.get(id) as Divergence;
  return {
    at,
    differs,
    reign,
    /** `id` has applied up to `index` and got this digest. */
    record: (id: NodeId, index: number, digest: number) => {
      at(id).record(index, digest);
      applied.set(id, index);
    },
  };
}

test('a difference is found by digests of the start alone, before anything is applied', () => {
  const { at, differs, record } = cluster(['a', 'b', 'c']);
  record('a', 7, 1);
  record('b', 7, 2);
  record('c', 7, 1);
  at('a').tick(1000);
  assert.deepEqual(differs, ['b at 7']);
  assert.equal(at('a').judge(7, 'b'), 'follower');
  assert.equal(at('a').standing(1), 'confirmed');
});

test('a difference is told once in a term, and again to the next leader', () => {
  const { at, differs, record, reign } = cluster(['a', 'b', 'c']);
  record('a', 7, 1);
  record('b', 7, 2);
  at('a').tick(1000);
  record('a', 8, 1);
  record('b', 8, 2);
  at('a').tick(2000);
  assert.deepEqual(differs, ['b at 7']);
  record('c', 8, 1);
  Object.assign(reign, { leader: 'c', term: 2 });
  at('c').tick(3000);
  assert.deepEqual(differs, ['b at 7', 'b at 8']);
});

test('a leader stays in doubt until a majority confirms it or stands against it', () => {
  const { at, record } = cluster(['a', 'b', 'c']);
  record('a', 7, 1);
  record('b', 7, 2);
  at('a').tick(1000);
  assert.equal(at('a').judge(7, 'b'), 'undecided');
  assert.equal(at('a').standing(1), 'doubted');
  record('c', 7, 2);
  record('a', 8, 1);
  record('c', 8, 2);
  at('a').tick(2000);
  assert.equal(at('a').judge(7, 'b'), 'leader');
});

test('a copy of a state is not trusted for what voters said of it before it came so far', () => {
  const { at, record } = cluster(['a', 'b', 'c']);
  record('a', 5, 1);
  record('b', 5, 1);
  at('a').tick(1000);
  assert.equal(at('a').standing(5), 'confirmed');
  // It goes wrong, and is copied before anybody compares.
  record('a', 7, 2);
  record('b', 7, 1);
  assert.equal(at('a').standing(7), 'unknown');
  at('a').tick(2000);
  assert.equal(at('a').standing(7), 'doubted');
});
