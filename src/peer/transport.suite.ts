import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Clock, Timer } from '../base/clock.ts';
import type { Address, NodeId } from '../base/ids.ts';
import {
  BULK_TOPICS_FROM,
  type Hello,
  type Packet,
  type Transport,
  type TransportEvents,
} from './transport.ts';

/** The machine's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  calendar: () => Date.now(),
  after: (delayMs, fire): Timer => {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (run) => {
    setImmediate(run);
  },
  soon: (run) => {
    process.nextTick(run);
  },
};

/** How long a test waits for what must come soon; only ever reached by a failure. */
const PATIENCE_MS = 8000;

/** What a test node says of itself. */
export function helloOf(id: NodeId, peerAddress: Address = '127.0.0.1:0'): Hello {
  return {
    id,
    incarnation: `1c0000000000000${id.slice(-1)}`,
    cluster: null,
    peerAddress,
    clientAddress: '127.0.0.1:1',
    version: '0.0.0-test',
    engine: 'engine',
    founders: '',
    recovering: false,
  };
}

/** A note of `bytes` bytes whose first four are a number. */
export function numbered(topic: number, value: number, bytes = 4): Packet {
  const body = new Uint8Array(bytes);
  new DataView(body.buffer).setUint32(0, value);
  return { kind: 'note', group: 7, topic, body };
}

/** The number of such a note. */
export function numberOf(packet: Packet): number {
  assert.ok(packet.kind === 'note');
  return new DataView(packet.body.buffer, packet.body.byteOffset).getUint32(0);
}

/** A node that writes down what its transport tells it. */
export class Recorder implements TransportEvents {
  readonly transport: Transport;
  readonly id: NodeId;
  address: Address = '';
  readonly packets: { readonly from: NodeId; readonly packet: Packet }[] = [];
  readonly log: string[] = [];
  admitting: (peer: Hello) => string | null = () => null;
  whenPacket: (from: NodeId, packet: Packet) => void = () => {};
  whenConnected: (peer: Hello) => void = () => {};
  /** Set while a test calls the transport: nothing may be told then. */
  inside = false;
  readonly #watchers = new Set<() => void>();

  constructor(id: NodeId, transport: Transport) {
    this.id = id;
    this.transport = transport;
  }

  onPacket(from: NodeId, packet: Packet): void {
    this.packets.push({ from, packet });
    this.whenPacket(from, packet);
    this.#told();
  }

  onConnected(peer: Hello): void {
    this.log.push(`+${peer.id}`);
    this.whenConnected(peer);
    this.#told();
  }

  onDisconnected(peer: NodeId): void {
    this.log.push(`-${peer}`);
    this.#told();
  }

  admit(peer: Hello): string | null {
    return this.admitting(peer);
  }

  onRefused(_address: Address, reason: string): void {
    this.log.push(`refused: ${reason}`);
    this.#told();
  }

  isConnectedTo(id: NodeId): boolean {
    return this.transport.connected().some((hello) => hello.id === id);
  }

  /** Resolves when `condition` holds, which is looked at after every event. */
  until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const failure = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`${this.id}: waited in vain for ${what}; saw ${this.log.join(', ')}`));
      }, PATIENCE_MS);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(failure);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** Calls the transport, during which no event may come. */
  quietly(call: () => void): void {
    this.inside = true;
    call();
    this.inside = false;
  }

  #told(): void {
    assert.ok(!this.inside, 'an event came from inside a call');
    for (const look of this.#watchers) look();
  }
}

/** Where transports of one kind live together for a test. */
export interface Arena {
  /** A transport that was not started, for that address or a new one. */
  make(id: NodeId, address: Address | null): Transport;
  /** Where others reach a started transport. */
  addressOf(transport: Transport): Address;
}

/** Starts nodes in an arena, and closes those that are left. */
export class Stage {
  readonly #arena: Arena;
  readonly #nodes: Recorder[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  async start(id: NodeId, address: Address | null = null): Promise<Recorder> {
    const node = new Recorder(id, this.#arena.make(id, address));
    this.#nodes.push(node);
    await node.transport.start(node);
    node.address = this.#arena.addressOf(node.transport);
    node.transport.setHello(helloOf(id, node.address));
    return node;
  }

  /** Two nodes that dial each other and are connected. */
  async pair(): Promise<[Recorder, Recorder]> {
    const [a, b] = [await this.start('a'), await this.start('b')];
    join(a, b);
    await Promise.all([a, b].map((node) => node.until(() => node.log.length > 0, 'a connection')));
    return [a, b];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.transport.close()));
  }
}

/** Makes nodes dial each other. */
export function join(...nodes: readonly Recorder[]): void {
  for (const node of nodes) {
    const others = nodes.filter((other) => other !== node);
    node.quietly(() => node.transport.connect(others.map(({ id, address }) => ({ id, address }))));
  }
}

/** What every `Transport` does. */
export function describeTransport(name: string, makeArena: () => Arena): void {
  const stage = (): Stage => new Stage(makeArena());

  describe(`a Transport (${name})`, () => {
    testSending(stage);
    testFlow(stage);
    testConnecting(stage);
    testEnding(stage);
  });
}

function testSending(stage: () => Stage): void {
  test('connect() exchanges hellos and then lets packets flow both ways', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    assert.deepEqual(a.transport.connected(), [helloOf('b', b.address)]);
    assert.deepEqual(b.transport.connected(), [helloOf('a', a.address)]);
    assert.ok(a.transport.send('b', numbered(1, 1)));
    assert.ok(b.transport.send('a', numbered(1, 2)));
    await b.until(() => b.packets.length === 1, 'a packet');
    await a.until(() => a.packets.length === 1, 'a packet');
    assert.deepEqual(b.packets, [{ from: 'a', packet: numbered(1, 1) }]);
  });

  test('a raft message arrives with its ends, which are not in its bytes', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    const data = Uint8Array.of(1, 2, 3);
    const packet: Packet = {
      kind: 'raft',
      group: 3,
      message: {
        kind: 'append',
        from: 'a',
        to: 'b',
        term: 5,
        previous: { index: 9, term: 4 },
        entries: [{ index: 10, term: 5, kind: 'normal', data }],
        commit: 8,
        readSequence: 2,
        sentAtMs: 12.5,
      },
    };
    a.transport.send('b', packet);
    a.transport.flush();
    await b.until(() => b.packets.length === 1, 'the message');
    assert.deepEqual(b.packets[0], { from: 'a', packet });
  });

  test('onConnected() comes before the first packet and lets its receiver answer', async () => {
    await using nodes = stage();
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    for (const node of [a, b]) {
      node.whenConnected = (peer) => node.transport.send(peer.id, numbered(1, 1));
      node.whenPacket = (from) => assert.ok(node.isConnectedTo(from));
    }
    join(a, b);
    await a.until(() => a.packets.length === 1, 'a packet');
    await b.until(() => b.packets.length === 1, 'a packet');
  });
}

function testFlow(stage: () => Stage): void {
  test('order holds within each channel', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    const count = 400;
    for (let i = 0; i < count; i++) {
      a.transport.send('b', numbered(1, i));
      a.transport.send('b', numbered(BULK_TOPICS_FROM, i, 4 + (i % 7) * 5000));
      if (i % 10 === 0) a.transport.flush();
    }
    await b.until(() => b.packets.length === 2 * count, 'all packets');
    for (const topic of [1, BULK_TOPICS_FROM]) {
      const ofTopic = b.packets.map(({ packet }) => packet).filter((p) => topicOf(p) === topic);
      assert.deepEqual(ofTopic.map(numberOf), [...Array(count).keys()]);
    }
  });

  test('a packet of 8 MiB arrives whole', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    const body = new Uint8Array(8 * 1024 * 1024).map((_, at) => (at * 7) >>> 3);
    a.transport.send('b', { kind: 'call', callId: 1, group: 0, topic: 2, body });
    await b.until(() => b.packets.length === 1, 'the packet');
    const [{ packet } = { packet: null }] = b.packets;
    assert.ok(packet?.kind === 'call' && Buffer.compare(packet.body, body) === 0);
  });
}

function testConnecting(stage: () => Stage): void {
  test('a refusal reaches the dialler with its reason', async () => {
    await using nodes = stage();
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    b.admitting = ({ id }) => `wrong-cluster: ${id} belongs to another cluster`;
    a.transport.connect([{ id: 'b', address: b.address }]);
    await a.until(() => a.log.length > 0, 'the refusal');
    assert.deepEqual(a.log, ['refused: wrong-cluster: a belongs to another cluster']);
    assert.equal(a.isConnectedTo('b') || b.isConnectedTo('a'), false);
  });

  test('an unexpected id at an address is refused by the dialler', async () => {
    await using nodes = stage();
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    a.transport.connect([{ id: 'c', address: b.address }]);
    await a.until(() => a.log.length > 0, 'the refusal');
    assert.match(a.log.join(), /refused: c was expected there and b answers/);
    assert.deepEqual(b.log, []);
  });

  test('who dials without knowing an id is dialled back', async () => {
    await using nodes = stage();
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    a.transport.connect([{ id: null, address: b.address }]);
    await b.until(() => b.isConnectedTo('a'), 'the connection');
    assert.ok(b.transport.send('a', numbered(1, 4)));
    await a.until(() => a.packets.length === 1, 'a packet');
  });

  test('a node that dials itself is not told', async () => {
    await using nodes = stage();
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    a.transport.connect([
      { id: null, address: a.address },
      { id: null, address: b.address },
    ]);
    await a.until(() => a.isConnectedTo('b'), 'the other connection');
    assert.deepEqual(a.log, ['+b']);
  });

  test('another life of a peer is connected to again', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    await b.transport.close();
    const again = await nodes.start('b', b.address);
    join(a, again);
    await a.until(() => a.log.length === 3, 'the next connection');
    assert.deepEqual(a.log, ['+b', '-b', '+b']);
    assert.ok(a.transport.send('b', numbered(1, 5)));
    await again.until(() => again.packets.length === 1, 'a packet');
  });

  test('three nodes are all connected, and two stay so when one goes', async () => {
    await using nodes = stage();
    const [a, b, c] = [await nodes.start('a'), await nodes.start('b'), await nodes.start('c')];
    join(a, b, c);
    for (const node of [a, b, c]) {
      await node.until(() => node.transport.connected().length === 2, 'two connections');
    }
    await c.transport.close();
    await a.until(() => a.log.includes('-c'), 'the end');
    assert.ok(a.transport.send('b', numbered(1, 1)));
    await b.until(() => b.packets.length === 1, 'a packet');
  });
}

function testEnding(stage: () => Stage): void {
  test('send() returns false to a peer that is not connected', async () => {
    await using nodes = stage();
    const a = await nodes.start('a');
    assert.equal(a.transport.send('b', numbered(1, 1)), false);
    const [b] = [await nodes.start('b')];
    join(a, b);
    await a.until(() => a.isConnectedTo('b'), 'a connection');
    assert.equal(a.transport.send('b', numbered(1, 1)), true);
    await b.transport.close();
    await a.until(() => !a.isConnectedTo('b'), 'its end');
    assert.equal(a.transport.send('b', numbered(1, 1)), false);
    assert.equal(b.transport.send('a', numbered(1, 1)), false);
  });

  test('onDisconnected() comes with the end, once', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    const before = performance.now();
    await b.transport.close();
    await a.until(() => a.log.includes('-b'), 'the end');
    assert.ok(performance.now() - before < 2500);
    assert.deepEqual(a.log, ['+b', '-b']);
    assert.deepEqual(b.log, ['+a']);
  });

  test('disconnect() ends a connection now and tells both sides later', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    b.transport.send('a', numbered(1, 9));
    b.transport.flush();
    a.quietly(() => a.transport.disconnect('b', 'a test'));
    assert.equal(a.transport.send('b', numbered(1, 1)), false);
    await a.until(() => a.log.includes('-b'), 'its end');
    await b.until(() => b.log.includes('-a'), 'its end');
    assert.deepEqual(a.packets, []);
    await a.until(() => a.log.length === 3, 'the next connection');
  });

  test('connect() without a peer ends its connection', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    b.admitting = () => 'removed';
    a.admitting = () => 'removed';
    a.quietly(() => a.transport.connect([]));
    b.quietly(() => b.transport.connect([]));
    await a.until(() => a.log.includes('-b'), 'its end');
    await b.until(() => b.log.includes('-a'), 'its end');
    assert.deepEqual([...a.transport.connected(), ...b.transport.connected()], []);
  });

  test('close() ends everything: nothing is told, sent or connected after it', async () => {
    await using nodes = stage();
    const [a, b] = await nodes.pair();
    for (let i = 0; i < 50; i++) b.transport.send('a', numbered(1, i));
    b.transport.flush();
    await a.transport.close();
    const { length } = a.packets;
    await b.until(() => b.log.includes('-a'), 'its end');
    await a.transport.close();
    a.transport.connect([{ id: 'b', address: b.address }]);
    a.transport.flush();
    assert.deepEqual([a.packets.length, a.log, a.transport.connected()], [length, ['+b'], []]);
  });
}

function topicOf(packet: Packet): number {
  return packet.kind === 'note' ? packet.topic : -1;
}
