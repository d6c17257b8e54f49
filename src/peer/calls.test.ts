import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { AssertionError } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import { Sfc32 } from '../base/prng.ts';
import { type Answer, type CallResult, Calls } from './calls.ts';
import { MemoryNetwork, type MemoryTransport } from './memory.ts';
import { Recorder, helloOf, join, realClock } from './transport.suite.ts';

const BODY = Uint8Array.of(1, 2, 3);
const EMPTY = new Uint8Array(0);

/** Two connected nodes with calls. */
class Pair {
  readonly network = new MemoryNetwork({ clock: realClock });
  readonly a: Side = new Side(this.network, 'a');
  readonly b: Side = new Side(this.network, 'b');

  async start(): Promise<this> {
    for (const { node } of [this.a, this.b]) await node.transport.start(node);
    join(this.a.node, this.b.node);
    await this.a.node.until(() => this.a.node.isConnectedTo('b'), 'a connection');
    await this.b.node.until(() => this.b.node.isConnectedTo('a'), 'a connection');
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { calls, node } of [this.a, this.b]) {
      calls.close();
      await node.transport.close();
    }
  }
}

class Side {
  readonly transport: MemoryTransport;
  readonly calls: Calls;
  readonly node: Recorder;

  constructor(network: MemoryNetwork, id: NodeId) {
    this.transport = network.transport(helloOf(id, `${id}:1`));
    const random = new Sfc32(1, id.charCodeAt(0));
    const { transport } = this;
    const calls = new Calls({ transport, clock: realClock, random, outstandingMax: 4 });
    this.calls = calls;
    this.node = new Recorder(id, this.transport);
    this.node.address = `${id}:1`;
    this.node.whenPacket = (from, packet) => calls.onPacket(from, packet);
    const { onDisconnected } = this.node;
    this.node.onDisconnected = (peer) => {
      calls.onDisconnected(peer);
      onDisconnected.call(this.node, peer);
    };
  }

  /** Asks, and holds the call to ending once, on a later turn. */
  ask(to: NodeId, options: { topic?: number; timeoutMs?: number } = {}): Promise<CallResult> {
    const { topic = 1, timeoutMs = 5000 } = options;
    return new Promise((resolve) => {
      let [ended, inside] = [0, true];
      this.calls.call(to, { group: 3, topic, body: BODY, timeoutMs }, (result) => {
        assert.equal(inside, false, 'ended inside call()');
        assert.equal(++ended, 1, 'ended twice');
        resolve(result);
      });
      inside = false;
    });
  }
}

function failure(result: CallResult): string {
  return result.ok ? 'answered' : result.code;
}

describe('Calls', () => {
  test('call() brings the answer of the topic handler', async () => {
    await using pair = await new Pair().start();
    pair.b.calls.handle(1, (from, body, answer, group) => {
      assert.deepEqual([from, body, group], ['a', BODY, 3]);
      answer(null, Uint8Array.of(9));
    });
    assert.deepEqual(await pair.a.ask('b'), { ok: true, body: Uint8Array.of(9) });
  });

  test('call() brings the text of a refusal', async () => {
    await using pair = await new Pair().start();
    pair.b.calls.handle(1, (_from, _body, answer) => answer('no-leader: Cannot say', EMPTY));
    assert.deepEqual(await pair.a.ask('b'), {
      ok: false,
      code: 'refused',
      message: 'no-leader: Cannot say',
    });
    const unknown = await pair.a.ask('b', { topic: 2 });
    assert.ok(!unknown.ok && /^invalid-request: .* topic 2$/.test(unknown.message));
  });

  test('answers find their calls in any order', async () => {
    await using pair = await new Pair().start();
    const waiting: Answer[] = [];
    pair.b.calls.handle(1, (_from, _body, answer) => {
      waiting.push(answer);
      if (waiting.length < 3) return;
      for (const [at, each] of [...waiting.entries()].reverse()) each(null, Uint8Array.of(at));
    });
    const results = await Promise.all([pair.a.ask('b'), pair.a.ask('b'), pair.a.ask('b')]);
    assert.deepEqual(
      results,
      [0, 1, 2].map((at) => ({ ok: true, body: Uint8Array.of(at) })),
    );
  });

  test('call() ends at its deadline, and a late answer changes nothing', async () => {
    await using pair = await new Pair().start();
    const waiting: Answer[] = [];
    pair.b.calls.handle(1, (_from, _body, answer) => waiting.push(answer));
    const results = await Promise.all([
      pair.a.ask('b', { timeoutMs: 30 }),
      pair.a.ask('b', { timeoutMs: 10 }),
    ]);
    assert.deepEqual(results.map(failure), ['timeout', 'timeout']);
    for (const answer of waiting) answer(null, EMPTY);
    pair.b.calls.handle(2, (_from, _body, answer) => answer(null, EMPTY));
    assert.equal(failure(await pair.a.ask('b', { topic: 2 })), 'answered');
  });

  test('call() ends at once when the connection does', async () => {
    await using pair = await new Pair().start();
    pair.b.calls.handle(1, () => pair.network.cut('a', 'b'));
    assert.equal(failure(await pair.a.ask('b')), 'disconnected');
  });

  test('an answer does not reach another life of the connection', async () => {
    await using pair = await new Pair().start();
    let late: Answer = () => assert.fail('not asked yet');
    pair.b.calls.handle(1, (_from, _body, answer) => {
      late = answer;
      pair.a.transport.disconnect('b', 'a test');
    });
    assert.equal(failure(await pair.a.ask('b')), 'disconnected');
    const { node } = pair.a;
    await node.until(() => node.isConnectedTo('b'), 'the next connection');
    await pair.b.node.until(() => pair.b.node.log.includes('-a'), 'the end');
    const before = node.packets.length;
    late(null, EMPTY);
    pair.b.calls.handle(2, (_from, _body, answer) => answer(null, EMPTY));
    assert.equal(failure(await pair.a.ask('b', { topic: 2 })), 'answered');
    assert.equal(node.packets.length, before + 1);
  });

  test('call() to a peer that is not connected did nothing', async () => {
    await using pair = await new Pair().start();
    assert.equal(failure(await pair.a.ask('c')), 'not-connected');
  });

  test('unanswered calls to a peer are bounded', async () => {
    await using pair = await new Pair().start();
    const waiting: Answer[] = [];
    pair.b.calls.handle(1, (_from, _body, answer) => {
      waiting.push(answer);
      if (waiting.length === 4) for (const each of waiting) each(null, EMPTY);
    });
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => pair.a.ask('b')));
    assert.deepEqual(results.map(failure).sort(), [...Array(4).fill('answered'), 'overloaded']);
    pair.b.calls.handle(2, (_from, _body, answer) => answer(null, EMPTY));
    assert.equal(failure(await pair.a.ask('b', { topic: 2 })), 'answered');
  });

  test('close() ends every call, and later ones', async () => {
    await using pair = await new Pair().start();
    pair.b.calls.handle(1, () => pair.a.calls.close());
    assert.equal(failure(await pair.a.ask('b')), 'stopping');
    assert.equal(failure(await pair.a.ask('b')), 'stopping');
  });

  test('an answer can be given once, and a topic to one handler', async () => {
    await using pair = await new Pair().start();
    let twice: Answer = () => {};
    pair.b.calls.handle(1, (_from, _body, answer) => {
      twice = answer;
      answer(null, EMPTY);
    });
    await pair.a.ask('b');
    assert.throws(() => twice(null, EMPTY), AssertionError);
    assert.throws(() => pair.b.calls.handle(1, () => {}), AssertionError);
  });

  test('onPacket() leaves notes and messages to others', async () => {
    await using pair = await new Pair().start();
    const note = { kind: 'note', group: 0, topic: 1, body: EMPTY } as const;
    assert.equal(pair.a.calls.onPacket('b', note), false);
    const stranger = { kind: 'answer', callId: 1, error: null, body: EMPTY } as const;
    assert.equal(pair.a.calls.onPacket('b', stranger), true);
  });
});
