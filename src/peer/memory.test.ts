import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryNetwork, MemoryTransport } from './memory.ts';
import {
  type Arena,
  Stage,
  describeTransport,
  helloOf,
  join,
  numbered,
  realClock,
} from './transport.suite.ts';

function arenaOf(network: MemoryNetwork): Arena {
  return {
    make: (id, address) => network.transport(helloOf(id, address ?? `${id}:1`)),
    addressOf: (transport) => {
      assert.ok(transport instanceof MemoryTransport);
      return `${transport.id}:1`;
    },
  };
}

describeTransport('memory', () => arenaOf(new MemoryNetwork({ clock: realClock })));

test('partition() keeps sides apart until heal()', async () => {
  const network = new MemoryNetwork({ clock: realClock });
  await using nodes = new Stage(arenaOf(network));
  const [a, b, c] = [await nodes.start('a'), await nodes.start('b'), await nodes.start('c')];
  join(a, b, c);
  await a.until(() => a.transport.connected().length === 2, 'two connections');
  await b.until(() => b.transport.connected().length === 2, 'two connections');
  network.partition(['a'], ['b', 'c']);
  await a.until(() => a.log.includes('-b') && a.log.includes('-c'), 'both ends');
  assert.deepEqual(
    b.transport.connected().map(({ id }) => id),
    ['c'],
  );
  network.heal();
  await a.until(() => a.transport.connected().length === 2, 'two connections again');
});

test('drop() loses what it says yes to', async () => {
  const network = new MemoryNetwork({ clock: realClock });
  await using nodes = new Stage(arenaOf(network));
  const [a, b] = await nodes.pair();
  network.drop = (from, _to, packet) =>
    from === 'a' && packet.kind === 'note' && packet.topic === 1;
  assert.ok(a.transport.send('b', numbered(1, 1)));
  assert.ok(a.transport.send('b', numbered(2, 2)));
  await b.until(() => b.packets.length === 1, 'the other packet');
  assert.deepEqual(b.packets[0]?.packet, numbered(2, 2));
});

test('schedule decides when a way delivers', async () => {
  const held: (() => void)[] = [];
  const network = new MemoryNetwork({
    clock: realClock,
    schedule: (deliver, { channel }) => {
      if (channel === 'bulk') held.push(deliver);
      else realClock.defer(deliver);
    },
  });
  await using nodes = new Stage(arenaOf(network));
  const [a, b] = await nodes.pair();
  a.transport.send('b', numbered(0x8000, 1));
  a.transport.send('b', numbered(1, 2));
  await b.until(() => b.packets.length === 1, 'the control way');
  assert.deepEqual(b.packets[0]?.packet, numbered(1, 2));
  for (const deliver of held) deliver();
  assert.equal(b.packets.length, 2);
});
