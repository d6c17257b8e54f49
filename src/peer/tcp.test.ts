import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { encodeText } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { Address } from '../base/ids.ts';
import { silentLogger } from '../base/logger.ts';
import { Sfc32, below } from '../base/prng.ts';
import { parseAddress } from './address.ts';
import { STRANGER_LINE, encodePreamble } from './handshake.ts';
import type { PeerLimits } from './limits.ts';
import { Outbox } from './outbox.ts';
import { Proxy } from './proxy.suite.ts';
import { type TcpOptions, TcpTransport } from './tcp.ts';
import {
  type Arena,
  type Recorder,
  Stage,
  describeTransport,
  helloOf,
  join,
  numberOf,
  numbered,
  realClock,
} from './transport.suite.ts';
import type { Packet } from './transport.ts';

function tcp(options: Partial<TcpOptions> & Pick<TcpOptions, 'hello'>): TcpTransport {
  return new TcpTransport({
    listen: '127.0.0.1:0',
    secret: null,
    clock: realClock,
    random: new Sfc32(1, 2),
    logger: silentLogger,
    ...options,
  });
}

function arena(options: Partial<TcpOptions> = {}): Arena {
  return {
    make: (id, address) =>
      tcp({ listen: address ?? '127.0.0.1:0', hello: helloOf(id), ...options }),
    addressOf: (transport) => {
      assert.ok(transport instanceof TcpTransport);
      return transport.address;
    },
  };
}

const limited = (limits: Partial<PeerLimits>): Stage => new Stage(arena({ limits }));

describeTransport('tcp', () => arena());
describeTransport('tcp with a cluster secret', () => arena({ secret: 'correct horse' }));

test('start() says what to do when the port is in use', async () => {
  await using nodes = new Stage(arena());
  const a = await nodes.start('a');
  const second = tcp({ listen: a.address, hello: helloOf('b') });
  await assert.rejects(second.start(a), (error) => {
    assert.ok(error instanceof QuorliteError && error.code === 'address');
    assert.match(
      error.message,
      /^Cannot listen for peers on 127.*: another process uses this port/,
    );
    return true;
  });
});

test('start() says what to do about an address that cannot be', async () => {
  await using nodes = new Stage(arena());
  const a = await nodes.start('a');
  for (const [listen, advice] of [
    ['4002', /not of the form host:port/],
    ['127.0.0.1:99999', /not of the form host:port/],
    ['203.0.113.7:0', /no such address/],
  ] as const) {
    await assert.rejects(tcp({ listen, hello: helloOf('b') }).start(a), advice);
  }
});

for (const [who, bytes] of [
  ['an HTTP client', encodeText('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['a TLS client', Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 0, 0, 0, 0, 0)],
  ['who begins like a node', encodeText('QUORLIGHT')],
  ['a node of no known channel', encodeText(`QUORLITE\u{1}\u{0}\u{9}${'x'.repeat(30)}`)],
] as const) {
  test(`${who} is told what the port is, and let go`, async () => {
    await using nodes = new Stage(arena());
    const a = await nodes.start('a');
    const socket = dial(a.address);
    socket.write(bytes);
    assert.equal(await readAll(socket), STRANGER_LINE);
    assert.deepEqual(a.log, []);
  });
}

test('who says nothing is let go after the handshake timeout', async () => {
  await using nodes = limited({ handshakeTimeoutMs: 30 });
  const a = await nodes.start('a');
  assert.equal(await readAll(dial(a.address)), '');
});

test('more strangers than handshakesMax are let go at once', async () => {
  await using nodes = limited({ handshakesMax: 2 });
  const a = await nodes.start('a');
  const waiting = [dial(a.address), dial(a.address)];
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  assert.equal(await readAll(dial(a.address)), '');
  for (const socket of waiting) socket.destroy();
});

for (const [what, left, right, reason] of [
  ['another', 'one', 'two', /not have the cluster secret.*it says: the cluster secret of the d/],
  ['no', null, 'two', /refused: it has a cluster secret and this node has none/],
  ['an unexpected', 'one', null, /refused: it has no cluster secret and this node asks for one/],
] as const) {
  test(`who has ${what} cluster secret is told so`, async () => {
    await using diallers = new Stage(arena({ secret: left }));
    await using acceptors = new Stage(arena({ secret: right }));
    const [a, b] = [await diallers.start('a'), await acceptors.start('b')];
    b.admitting = () => assert.fail('asked to admit a node that proved nothing');
    a.transport.connect([{ id: 'b', address: b.address }]);
    await a.until(() => a.log.length > 0, 'the refusal');
    assert.match(a.log.join(), reason);
  });
}

test('a listener that is no node, or of another version, is reported', async () => {
  const later = encodePreamble({
    version: 2,
    channel: 'bulk',
    secret: true,
    nonce: new Uint8Array(16),
  });
  for (const [bytes, reason] of [
    [encodeText('SSH-2.0-OpenSSH_9.2\r\n'), /something that is not a quorlite node answers there/],
    [later, /it speaks peer protocol 2 and this node 1/],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(bytes);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    await using nodes = new Stage(arena());
    const a = await nodes.start('a');
    a.transport.connect([{ id: null, address: `127.0.0.1:${bound.port}` }]);
    await a.until(() => a.log.length > 0, 'the refusal');
    assert.match(a.log.join(), reason);
    server.close();
  }
});

test('two processes of one data directory do not talk', async () => {
  await using nodes = new Stage(arena());
  const [a, copy] = [await nodes.start('a'), await nodes.start('a')];
  a.transport.connect([{ id: null, address: copy.address }]);
  await a.until(() => a.log.length > 0, 'the refusal');
  assert.match(a.log.join(), /another process runs with the data directory of a/);
});

test('the same id with another data directory is subject to admit()', async () => {
  await using nodes = new Stage(arena());
  const [a, b] = await nodes.pair();
  a.admitting = ({ incarnation }) => (incarnation === 'new' ? 'wrong-incarnation: again' : null);
  const usurper = await nodes.start('b');
  usurper.transport.setHello({ ...helloOf('b', usurper.address), incarnation: 'new' });
  usurper.transport.connect([{ id: 'a', address: a.address }]);
  await usurper.until(() => usurper.log.length > 0, 'the refusal');
  assert.deepEqual(usurper.log, ['refused: wrong-incarnation: again']);
  a.admitting = () => null;
  usurper.transport.disconnect('a', 'a test');
  await a.until(() => a.log.length >= 3, 'the admitted one');
  assert.deepEqual(a.log.slice(0, 3), ['+b', '-b', '+b']);
  await b.until(() => b.log.includes('-a'), 'the end');
});

test('who dialled us and then refuses us cannot make this node give up', async () => {
  await using nodes = new Stage(arena());
  const [a, b] = [await nodes.start('a'), await nodes.start('b')];
  let asked = 0;
  a.admitting = () => {
    asked++;
    return asked === 1 ? null : 'not-member: go away';
  };
  const told = new Promise<void>((resolve) => {
    b.admitting = () => {
      if (asked > 1) resolve();
      return null;
    };
  });
  a.transport.connect([{ id: 'b', address: b.address }]);
  await a.until(() => a.log.length > 0, 'the problem at the side that dials');
  await told;
  assert.deepEqual(b.log, []);
});

test('a node that nobody can dial is told of its address', async () => {
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (...line: unknown[]) => void warnings.push(line) };
  const limits = { pingIntervalMs: 5 };
  await using nodes = new Stage(arena({ limits, logger }));
  const [a, b] = [await nodes.start('a'), await nodes.start('b')];
  // Nothing listens on port 1.
  a.transport.setHello(helloOf('a', '127.0.0.1:1'));
  a.transport.connect([{ id: 'b', address: b.address }]);
  while (warnings.length === 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.deepEqual(warnings, [
    ['peer can be reached but does not reach this node', { peer: 'b', advertised: '127.0.0.1:1' }],
  ]);
  assert.deepEqual(a.log, []);
});

test('two names of one address make one connection', async () => {
  await using nodes = new Stage(arena());
  const [a, b] = [await nodes.start('a'), await nodes.start('b')];
  const other = b.address.replace('127.0.0.1', 'localhost');
  a.transport.connect([
    { id: null, address: other },
    { id: null, address: b.address },
  ]);
  await a.until(() => a.isConnectedTo('b'), 'a connection');
  for (let i = 0; i < 200; i++) {
    a.transport.send('b', numbered(1, i));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await b.until(() => b.packets.length === 200, 'all packets');
  assert.deepEqual([a.log, b.log], [['+b'], ['+a']]);
});

test('flush() gives the bytes to the kernel before it returns', async () => {
  // The main thread blocks right after flush(), so nothing later in its loop can have sent them.
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:net').createServer((socket) => {
       socket.on('data', () => { Atomics.store(workerData, 0, 1); Atomics.notify(workerData, 0); });
     });
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: shared },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const socket = dial(`127.0.0.1:${port}`);
  await once(socket, 'connect');
  const outbox = new Outbox(socket, 1024);
  outbox.room(4)?.u32(7);
  outbox.flush();
  assert.equal(outbox.pendingBytes, 0);
  assert.notEqual(Atomics.wait(shared, 0, 0, 5000), 'timed-out');
  socket.destroy();
  await worker.terminate();
});

test('send() drops the newest when the queue of a channel is full, and only there', async () => {
  await using nodes = limited({ bulkBytesMax: 2 ** 20 });
  const [a, b, proxy] = await proxied(nodes);
  await using _ = proxy;
  proxy.clog();
  let sent = 0;
  while (a.transport.send('b', numbered(0x8000, sent, 2 ** 16))) {
    sent++;
    a.transport.flush();
    assert.ok(sent < 10_000, 'the queue has no bound');
  }
  assert.ok(a.transport.send('b', numbered(1, 0)));
  proxy.unclog();
  await b.until(() => b.packets.length === sent + 1, 'what was queued');
  const bulk = b.packets
    .map(({ packet }) => packet)
    .filter((p) => p.kind === 'note' && p.topic > 1);
  assert.deepEqual(bulk.map(numberOf), [...Array(sent).keys()]);
  assert.ok(a.transport.send('b', numbered(0x8000, 0, 2 ** 16)));
});

test('send() refuses a packet over the limit of a frame', async () => {
  await using nodes = limited({ frameBytesMax: 1000 });
  const [a] = await nodes.pair();
  assert.equal(a.transport.send('b', numbered(1, 0, 1000)), false);
  assert.equal(a.transport.send('b', numbered(1, 0, 900)), true);
});

test('a connection that went silent is ended by both sides', async () => {
  await using nodes = limited({ pingIntervalMs: 20, silenceMsMax: 120 });
  const [a, b, proxy] = await proxied(nodes);
  await using _ = proxy;
  proxy.clog();
  await a.until(() => a.log.includes('-b'), 'the end');
  await b.until(() => b.log.includes('-a'), 'the end');
});

test('a connection with nothing to say stays', async () => {
  await using nodes = limited({ pingIntervalMs: 10, silenceMsMax: 60 });
  const [a, b] = await nodes.pair();
  const start = performance.now();
  while (performance.now() - start < 200) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.deepEqual([a.log, b.log], [['+b'], ['+a']]);
});

test('a damaged byte ends the connection and nothing wrong is delivered', async () => {
  await using nodes = new Stage(arena());
  const [a, b, proxy] = await proxied(nodes);
  await using _ = proxy;
  proxy.change = (chunk) => {
    if (chunk.length < 1000) return chunk;
    const copy = Buffer.from(chunk);
    copy[500] = (copy[500] ?? 0) ^ 4;
    return copy;
  };
  a.transport.send('b', numbered(1, 1, 2000));
  await b.until(() => b.log.includes('-a'), 'the end');
  await a.until(() => a.log.includes('-b'), 'the end');
  assert.deepEqual(b.packets, []);
});

test('connections that are cut at random come back, and packets flow again', async () => {
  await using nodes = limited({ backoffMsMin: 1, backoffMsMax: 4 });
  const [a, b, proxy] = await proxied(nodes);
  await using _ = proxy;
  const random = new Sfc32(3, 4);
  for (let round = 0; round < 40; round++) {
    const [atA, atB] = [a.log.length, b.log.length];
    const down = a.until(() => a.log.length > atA, 'the end');
    for (let cuts = below(random, 3); cuts >= 0; cuts--) proxy.cut(below(random, 2));
    await down;
    if (below(random, 2) === 0) proxy.cut(0);
    // Each looks at its own events, and the second may be cut while the first is waited for.
    while (!a.isConnectedTo('b') || !b.isConnectedTo('a')) {
      await a.until(() => a.isConnectedTo('b'), `connection ${round}`);
      await b.until(() => b.isConnectedTo('a'), `connection ${round}`);
    }
    assert.ok(b.log.length > atB);
  }
  for (const node of [a, b]) {
    const signs = node.log.map((line) => line[0]);
    assert.ok(
      signs.every((sign, at) => sign === (at % 2 === 0 ? '+' : '-')),
      node.log.join(' '),
    );
  }
  a.transport.send('b', numbered(1, 1));
  await b.until(() => b.packets.length > 0, 'a packet');
});

test('kill -9 of a process is told at once', async () => {
  await using nodes = new Stage(arena());
  const a = await nodes.start('a');
  const child = spawnNode(a.address);
  a.transport.connect([]);
  await a.until(() => a.isConnectedTo('b'), 'the child');
  const before = performance.now();
  child.kill('SIGKILL');
  await a.until(() => a.log.includes('-b'), 'its end');
  // Silence would be noticed after five seconds; a busy machine may take one of them.
  assert.ok(performance.now() - before < 2500);
});

test('R18: heartbeats overtake the appends that wait while 128 MB of them flow', async () => {
  await using nodes = new Stage(arena());
  const [a, b] = await nodes.pair();
  const total = 128;
  // Most of it waits in the sender's queue all the time.
  const window = 56;
  const overtakers: number[] = [];
  let [sent, received] = [0, 0];
  const feed = (): void => {
    while (sent < total && sent - received < window) {
      assert.ok(a.transport.send('b', appendOf(sent++)));
      a.transport.flush();
    }
    a.transport.send('b', heartbeatAt(performance.now(), received));
    a.transport.flush();
  };
  b.whenPacket = (_from, packet) => {
    assert.ok(packet.kind === 'raft');
    if (packet.message.kind === 'heartbeat') {
      overtakers.push(received - packet.message.commit);
    } else {
      received++;
      b.transport.send('a', numbered(1, received));
      b.transport.flush();
    }
  };
  a.whenPacket = feed;
  feed();
  await b.until(() => received === total, 'all appends');
  assert.ok(overtakers.length >= total / 2, `${overtakers.length} heartbeats`);
  // Behind the queue they would wait for some fifty appends.
  assert.ok(Math.max(...overtakers) <= 16, `${Math.max(...overtakers)} appends came first`);
});

const MEGABYTE = new Uint8Array(2 ** 20).fill(7);

function appendOf(nth: number): Packet {
  const entry = { index: nth + 1, term: 1, kind: 'normal', data: MEGABYTE } as const;
  const previous = { index: nth, term: 1 };
  const rest = { commit: 0, readSequence: 0, sentAtMs: 0 };
  const message = { kind: 'append', from: 'a', to: 'b', term: 1, previous, ...rest } as const;
  return { kind: 'raft', group: 1, message: { ...message, entries: [entry] } };
}

function heartbeatAt(sentAtMs: number, commit: number): Packet {
  const ends = { from: 'a', to: 'b', term: 1 };
  const message = { kind: 'heartbeat', ...ends, commit, readSequence: 0, sentAtMs } as const;
  return { kind: 'raft', group: 1, message };
}

/** Nodes a and b, connected; what a dials goes through the proxy. */
async function proxied(nodes: Stage): Promise<[Recorder, Recorder, Proxy]> {
  const [a, b] = [await nodes.start('a'), await nodes.start('b')];
  const proxy = new Proxy(b.address);
  await proxy.start();
  b.address = proxy.address;
  b.transport.setHello(helloOf('b', b.address));
  join(a, b);
  await a.until(() => a.isConnectedTo('b'), 'a connection');
  await b.until(() => b.isConnectedTo('a'), 'a connection');
  return [a, b, proxy];
}

/** A process with a node b that dials `address`. */
function spawnNode(address: Address): ChildProcess {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { TcpTransport } from ${url('./tcp.ts')};
    import { helloOf, realClock } from ${url('./transport.suite.ts')};
    import { silentLogger } from ${url('../base/logger.ts')};
    import { Sfc32 } from ${url('../base/prng.ts')};
    const transport = new TcpTransport({
      listen: '127.0.0.1:0', hello: helloOf('b'), secret: null, clock: realClock,
      random: new Sfc32(1, 1), logger: silentLogger,
    });
    const nothing = () => null;
    await transport.start({ onPacket: nothing, onConnected: nothing, onDisconnected: nothing,
      admit: nothing, onRefused: nothing });
    transport.setHello(helloOf('b', transport.address));
    transport.connect([{ id: 'a', address: ${JSON.stringify(address)} }]);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
}

function dial(address: Address): Socket {
  return connect(parseAddress(address) ?? { host: '', port: 0 }).on('error', () => {});
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}
