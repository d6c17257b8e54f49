import type { Crash, Fault, PartitionStyle, Setup, Target } from './plan.ts';
import { type Chance, type Draw, STREAM } from './random.ts';

/** How a kind of fault is drawn. */
interface Kind {
  /** Of 100 seeds, how many have this kind at all (swarm testing: all at once hides bugs). */
  readonly percent: number;
  /** Mean time between two of them, milliseconds. */
  readonly everyMs: number;
  draw(draw: Draw, at: number, setup: Setup): Fault | readonly Fault[] | null;
}

/** The kinds of faults there are. Their order is their random stream: append only. */
const KINDS: readonly Kind[] = [
  {
    percent: 60,
    everyMs: 4000,
    draw: (draw, at, setup) => drawPartition(draw, at, setup),
  },
  {
    percent: 40,
    everyMs: 5000,
    draw: (draw, at, setup) => ({
      kind: 'isolate',
      at,
      forMs: draw.between(100, 4000),
      node: target(draw, setup),
      way: draw.pick(['both', 'both', 'send-only', 'receive-only'] as const),
    }),
  },
  {
    percent: 35,
    everyMs: 5000,
    draw: (draw, at) => ({
      kind: 'loss',
      at,
      forMs: draw.between(200, 5000),
      percent: draw.pick([1, 5, 20, 40]),
    }),
  },
  {
    percent: 35,
    everyMs: 5000,
    draw: (draw, at) => ({
      kind: 'duplicate',
      at,
      forMs: draw.between(200, 8000),
      percent: draw.pick([5, 20, 50]),
    }),
  },
  {
    percent: 40,
    everyMs: 5000,
    draw: (draw, at) => ({
      kind: 'reorder',
      at,
      forMs: draw.between(200, 8000),
      percent: draw.pick([5, 30, 80]),
      maxMs: draw.pick([5, 50, 500, 2000]),
    }),
  },
  {
    percent: 30,
    everyMs: 4000,
    draw: (draw, at, setup) => ({
      kind: draw.pick(['slow-link', 'clog'] as const),
      at,
      forMs: draw.between(100, 4000),
      ...twoOf(draw, setup),
      extraMs: draw.pick([5, 50, 300]),
    }),
  },
  {
    percent: 30,
    everyMs: 2000,
    draw: (draw, at, setup) => {
      const { from, to } = twoOf(draw, setup);
      return { kind: 'reset', at, a: from, b: to };
    },
  },
  {
    percent: 55,
    everyMs: 3000,
    draw: (draw, at, setup) => crash(draw, at, { setup, how: 'process' }),
  },
  {
    percent: 55,
    everyMs: 3000,
    draw: (draw, at, setup) => crash(draw, at, { setup, how: 'machine' }),
  },
  {
    percent: 35,
    everyMs: 9000,
    draw: (draw, at) => ({
      kind: 'power-loss',
      at,
      downMs: draw.between(10, 2000),
      spreadMs: draw.pick([0, 0, 20, 1000]),
      midSync: draw.percent(70),
    }),
  },
  {
    percent: 15,
    everyMs: 15_000,
    draw: (draw, at) => ({
      kind: 'rolling-restart',
      at,
      everyMs: draw.between(300, 2000),
      downMs: draw.between(10, 1000),
    }),
  },
  {
    percent: 40,
    everyMs: 4000,
    draw: (draw, at, setup) => ({
      kind: 'pause',
      at,
      node: target(draw, setup),
      forMs: draw.pick([50, 400, 1500, 4000]),
    }),
  },
  {
    percent: 25,
    everyMs: 8000,
    draw: (draw, at, setup) => ({
      kind: 'clock-rate',
      at,
      node: draw.below(setup.nodes),
      forMs: draw.between(1000, 8000),
      // A lease reckons with five percent (rho); without leases clocks may do what they like.
      percent: setup.leases ? draw.between(98, 103) : draw.pick([50, 80, 120, 200]),
    }),
  },
  {
    percent: 25,
    everyMs: 6000,
    draw: (draw, at, setup) => ({
      kind: 'calendar',
      at,
      node: draw.below(setup.nodes),
      jumpMs: draw.pick([-3_600_000, -1000, 1000, 86_400_000]),
    }),
  },
  {
    percent: 30,
    everyMs: 6000,
    draw: (draw, at, setup) => ({
      kind: 'disk-slow',
      at,
      node: target(draw, setup),
      forMs: draw.between(500, 5000),
      factor: draw.pick([5, 30, 100]),
    }),
  },
  {
    percent: 20,
    everyMs: 8000,
    draw: (draw, at, setup) => ({
      kind: 'disk-hang',
      at,
      node: target(draw, setup),
      forMs: draw.pick([100, 1000, 4000]),
    }),
  },
  {
    percent: 20,
    everyMs: 9000,
    draw: (draw, at, setup) => ({
      kind: 'disk-full',
      at,
      node: draw.below(setup.nodes),
      forMs: draw.between(500, 5000),
    }),
  },
  {
    percent: 25,
    everyMs: 8000,
    draw: (draw, at, setup) => ({
      kind: 'disk-error',
      at,
      node: target(draw, setup),
      operation: draw.pick(['sync', 'sync', 'write', 'directory'] as const),
    }),
  },
  {
    percent: 20,
    everyMs: 6000,
    draw: (draw, at, setup) => drawLie(draw, at, setup),
  },
  {
    percent: 35,
    everyMs: 2500,
    draw: (draw, at, setup) => ({
      kind: 'transfer',
      at,
      to: draw.percent(50) ? null : draw.below(setup.nodes),
    }),
  },
  {
    percent: 45,
    everyMs: 6000,
    draw: (draw, at, setup) =>
      setup.spares === 0 ? null : { kind: 'add', at, node: setup.nodes + draw.below(setup.spares) },
  },
  {
    percent: 30,
    everyMs: 8000,
    draw: (draw, at, setup) =>
      setup.nodes + setup.spares < 4 ? null : { kind: 'remove', at, node: target(draw, setup) },
  },
  {
    percent: 10,
    everyMs: 15_000,
    draw: (draw, at, setup) =>
      setup.nodes < 3
        ? null
        : { kind: 'wipe', at, node: lyingNode(setup), downMs: draw.between(10, 1000) },
  },
  {
    percent: 25,
    everyMs: 2000,
    draw: (draw, at, setup) => ({ kind: 'compact', at, node: target(draw, setup) }),
  },
  {
    percent: 35,
    everyMs: 3000,
    draw: (draw, at, setup) =>
      setup.nodes < 3
        ? null
        : {
            kind: 'reconfigure',
            at,
            node: draw.below(setup.nodes),
            other: draw.below(setup.nodes + setup.spares),
          },
  },
  {
    percent: 30,
    everyMs: 6000,
    draw: (draw, at, setup) => drawBetrayal(draw, at, setup),
  },
  {
    percent: 30,
    everyMs: 7000,
    draw: (draw, at, setup) => drawSpoil(draw, at, setup),
  },
  {
    percent: 40,
    everyMs: 4000,
    draw: (draw, at, setup) => ({
      kind: 'verify',
      at,
      node: target(draw, setup),
      forMs: draw.pick([300, 2000]),
    }),
  },
];

/** Draws what goes wrong, in the order of time. */
export function drawFaults(chance: Chance, setup: Setup): Fault[] {
  const faults: Fault[] = [];
  KINDS.forEach((kind, number) => {
    const draw = chance.stream(STREAM.plan, number);
    if (!draw.percent(kind.percent)) return;
    let at = 1500 + draw.exponential(kind.everyMs);
    while (at < setup.safetyMs) {
      const fault = kind.draw(draw, Math.round(at), setup);
      const drawn = fault === null ? [] : [fault].flat();
      faults.push(...drawn.filter(({ at: when }) => when < setup.safetyMs));
      at += 50 + draw.exponential(kind.everyMs);
    }
  });
  return faults.sort((left, right) => left.at - right.at);
}

/** The only node whose disk may lie or be replaced: a majority keeps what it acknowledged. */
function lyingNode(setup: Setup): number {
  return setup.nodes - 1;
}

function drawLie(draw: Draw, at: number, setup: Setup): Fault | null {
  // A group of one or two has no majority without the node whose disk lies.
  if (setup.nodes < 3) return null;
  const how = draw.pick(['bit-flip', 'lost', 'misdirected'] as const);
  return { kind: 'disk-lies', at, node: lyingNode(setup), how };
}

/** A state goes wrong in silence; at times that of the leader, at times just before a restart. */
function drawSpoil(draw: Draw, at: number, setup: Setup): readonly Fault[] | null {
  // One or two have no majority that could contradict the third.
  if (setup.nodes < 3) return null;
  const node = lyingNode(setup);
  const spoil: Fault = { kind: 'spoil', at: at + 400, node };
  const downMs = draw.pick([5, 500]);
  const restart: Fault = {
    kind: 'crash',
    at: at + 400 + draw.pick([1, 150, 250, 400, 700]),
    node,
    how: 'process',
    downMs,
    midSync: false,
  };
  return [
    ...(draw.percent(50) ? [{ kind: 'transfer' as const, at, to: node }] : []),
    spoil,
    ...(draw.percent(40) ? [restart] : []),
  ];
}

/**
 * The worst moment for a disk to lie: one follower sleeps, the liar makes the majority, loses what
 * it acknowledged, and then only it and the sleeper are left to elect a leader.
 */
function drawBetrayal(draw: Draw, at: number, setup: Setup): readonly Fault[] | null {
  if (setup.nodes !== 3) return null;
  const liar = lyingNode(setup);
  const both = 'both' as const;
  const how = draw.pick(['lost', 'bit-flip', 'bit-flip'] as const);
  const lie: readonly Fault[] = draw.percent(30)
    ? [{ kind: 'wipe', at: at + 1400, node: liar, downMs: 20 }]
    : [
        { kind: 'disk-lies', at: at + 1390, node: liar, how },
        { kind: 'disk-lies', at: at + 1391, node: liar, how: 'bit-flip' },
        {
          kind: 'crash',
          at: at + 1400,
          node: liar,
          how: 'machine',
          downMs: 20,
          midSync: false,
        },
      ];
  return [
    { kind: 'transfer', at, to: 0 },
    { kind: 'isolate', at: at + 500, node: 1, way: both, forMs: 930 },
    ...lie,
    { kind: 'isolate', at: at + 1410, node: 0, way: both, forMs: 6000 },
  ];
}

function crash(
  draw: Draw,
  at: number,
  { setup, how }: { readonly setup: Setup; readonly how: Crash },
): Fault {
  const downMs = draw.pick([5, 50, 500, 3000]);
  const midSync = draw.percent(60);
  return { kind: 'crash', at, node: target(draw, setup), how, downMs, midSync };
}

function target(draw: Draw, setup: Setup): Target {
  return draw.percent(40) ? 'leader' : draw.below(setup.nodes);
}

function twoOf(draw: Draw, setup: Setup): { readonly from: number; readonly to: number } {
  const from = draw.below(setup.nodes);
  const to = (from + 1 + draw.below(Math.max(1, setup.nodes - 1))) % setup.nodes;
  return { from, to };
}

function drawPartition(draw: Draw, at: number, setup: Setup): Fault {
  const style = draw.pick(['split', 'split', 'bridge', 'ring', 'one-way', 'random'] as const);
  const forMs = draw.pick([200, 1000, 3000, 6000]);
  const order = draw.shuffle(Array.from({ length: setup.nodes + setup.spares }, (_, i) => i));
  return { kind: 'partition', at, forMs, style, cuts: cutsOf(style, order, draw) };
}

function cutsOf(
  style: PartitionStyle,
  order: readonly number[],
  draw: Draw,
): readonly (readonly [number, number])[] {
  const half = 1 + draw.below(Math.max(1, order.length - 1));
  const cuts: [number, number][] = [];
  order.forEach((from, i) => {
    order.forEach((to, j) => {
      if (i !== j && isCut(style, { i, j, half, count: order.length }, draw)) cuts.push([from, to]);
    });
  });
  return cuts;
}

function isCut(
  style: PartitionStyle,
  at: { readonly i: number; readonly j: number; readonly half: number; readonly count: number },
  draw: Draw,
): boolean {
  const { i, j, half, count } = at;
  switch (style) {
    case 'split':
      return i < half !== j < half;
    case 'one-way':
      return i < half && j >= half;
    case 'bridge':
      // The first sees everybody; the others see only their side and the first.
      return i !== 0 && j !== 0 && i <= count / 2 !== j <= count / 2;
    case 'ring': {
      // Each sees its neighbours: a majority for each, the same for none.
      const distance = Math.min((i - j + count) % count, (j - i + count) % count);
      return distance > Math.max(1, Math.floor(count / 4));
    }
    case 'random':
      return draw.percent(30);
  }
}
