import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judge } from './verify.ts';

function node(
  id: string,
  hash: string | null,
  error: string | null = null,
): {
  readonly id: string;
  readonly url: string;
  readonly hash: string | null;
  readonly error: string | null;
} {
  return { id, url: `http://${id}`, hash, error };
}

test('judge() is content only when every node answers the same', () => {
  const same = judge({ index: 7, nodes: [node('n1', 'aa'), node('n2', 'aa')] });
  assert.equal(same.equal, true);
  assert.equal(
    same.text,
    'n1  http://n1  at 7  aa\nn2  http://n2  at 7  aa\nAll nodes hold the same.\n',
  );
  assert.equal(judge({ index: 7, nodes: [node('n1', 'aa'), node('n2', 'ab')] }).equal, false);
  assert.equal(judge({ index: 0, nodes: [] }).equal, false);
});

test('judge() says which node cannot answer, and why', () => {
  const { equal, text } = judge({ index: 7, nodes: [node('n1', 'aa'), node('n2', null, 'down')] });
  assert.equal(equal, false);
  assert.match(text, /^n2 {2}http:\/\/n2 {2}cannot answer: down$/m);
  assert.match(text, /1 of the nodes could not answer; the others are equal\./);
});
