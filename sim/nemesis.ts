import { encodeText } from '../src/base/bytes.ts';
import { MAIN_GROUP } from '../src/host/node-host.ts';
import type { ConfigStep } from '../src/raft/config.ts';
import { TOPIC } from '../src/replica/topics.ts';
import type { Cluster } from './cluster.ts';
import type { SimulatedNode } from './node.ts';
import type { Crash, Fault, Target } from './plan.ts';
import { spoil, verify } from './wrong-states.ts';

/** Voters below which nobody is taken out, so that something is left to test. */
const VOTERS_MIN = 3;

/** How long an operator waits for a change of membership. */
const OPERATOR_TIMEOUT_MS = 5000;

/** Makes a plan's faults happen. */
export class Nemesis {
  readonly #cluster: Cluster;
  #healed = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Puts every fault of `faults` on the calendar. */
  schedule(faults: readonly Fault[]): void {
    const { events } = this.#cluster;
    for (const fault of faults) {
      events.at(fault.at, null, () => {
        const { at: _at, ...what } = fault;
        this.#cluster.trace(
          -1,
          '**',
          fault.kind === 'partition' ? shapeOf(fault) : JSON.stringify(what),
        );
        this.#strike(fault);
      });
    }
  }

  /** Everything is well again: no bad weather, good disks, right clocks, all processes run. */
  heal(): void {
    const { weather, nodes, events, setup } = this.#cluster;
    this.#healed = true;
    weather.clear();
    for (const node of nodes) {
      Object.assign(node.disk.condition, {
        slowFactor: 1,
        hangUntil: 0,
        full: false,
        failNext: 'none',
      });
      node.disk.onSync = null;
      node.clock.setRate(events.now, 1);
      const founder = node.number < setup.nodes;
      if (founder || node.watched.life > 0) this.#cluster.boot(node);
    }
  }

  #strike(fault: Fault): void {
    switch (fault.kind) {
      case 'partition':
        this.#cut(fault.cuts, fault.forMs);
        return;
      case 'isolate':
        this.#isolate(fault);
        return;
      case 'loss':
      case 'duplicate':
      case 'reorder':
      case 'slow-link':
      case 'clog':
      case 'reset':
        this.#trouble(fault);
        return;
      case 'crash':
      case 'power-loss':
      case 'rolling-restart':
      case 'pause':
      case 'wipe':
        this.#kill(fault);
        return;
      case 'clock-rate':
      case 'calendar':
        this.#bendTime(fault);
        return;
      case 'disk-slow':
      case 'disk-hang':
      case 'disk-full':
      case 'disk-error':
      case 'disk-lies':
        this.#spoilDisk(fault);
        return;
      case 'transfer':
      case 'add':
      case 'remove':
      case 'compact':
      case 'reconfigure':
        this.#operate(fault);
        return;
      case 'spoil': {
        const node = this.#find(fault.node);
        if (node !== null && !this.#isCareful()) spoil(this.#cluster, node);
        return;
      }
      case 'verify':
        verify(this.#cluster, this.#find(fault.node), fault.forMs);
    }
  }

  #cut(cuts: readonly (readonly [number, number])[], forMs: number): void {
    const { weather, network } = this.#cluster;
    for (const [from, to] of cuts) {
      weather.cut(from, to);
      network.onCut(from, to);
    }
    this.#later(forMs, () => {
      for (const [from, to] of cuts) weather.heal(from, to);
    });
  }

  #isolate(fault: Extract<Fault, { kind: 'isolate' }>): void {
    const node = this.#find(fault.node);
    if (node === null) return;
    const cuts: [number, number][] = [];
    for (const { number } of this.#cluster.nodes) {
      if (number === node.number) continue;
      if (fault.way !== 'receive-only') cuts.push([number, node.number]);
      if (fault.way !== 'send-only') cuts.push([node.number, number]);
    }
    this.#cut(cuts, fault.forMs);
  }

  #trouble(
    fault: Extract<
      Fault,
      { kind: 'loss' | 'duplicate' | 'reorder' | 'slow-link' | 'clog' | 'reset' }
    >,
  ): void {
    const { weather, network, events } = this.#cluster;
    switch (fault.kind) {
      case 'loss':
        weather.lossPercent = fault.percent;
        this.#later(fault.forMs, () => (weather.lossPercent = 0));
        return;
      case 'duplicate':
        weather.duplicatePercent = fault.percent;
        this.#later(fault.forMs, () => (weather.duplicatePercent = 0));
        return;
      case 'reorder':
        weather.reorderPercent = fault.percent;
        weather.reorderMsMax = fault.maxMs;
        this.#later(fault.forMs, () => (weather.reorderPercent = 0));
        return;
      case 'slow-link':
        weather.slow(fault.from, fault.to, fault.extraMs);
        this.#later(fault.forMs, () => weather.slow(fault.from, fault.to, -fault.extraMs));
        return;
      case 'clog':
        weather.clog(fault.from, fault.to, events.now + fault.forMs);
        return;
      case 'reset':
        network.reset(fault.a, fault.b);
    }
  }

  #kill(
    fault: Extract<Fault, { kind: 'crash' | 'power-loss' | 'rolling-restart' | 'pause' | 'wipe' }>,
  ): void {
    const { events, nodes } = this.#cluster;
    switch (fault.kind) {
      case 'crash': {
        const node = this.#find(fault.node);
        if (node === null) return;
        this.#strikeAt(fault.midSync ? node : null, () => {
          this.#crash(node, fault.how, fault.downMs);
        });
        return;
      }
      case 'power-loss':
        this.#strikeAt(fault.midSync ? this.#cluster.leader() : null, () => {
          nodes.forEach((node, i) => {
            const back = fault.downMs + (fault.spreadMs * i) / nodes.length;
            this.#crash(node, 'machine', back);
          });
        });
        return;
      case 'rolling-restart':
        nodes.forEach((node, i) => {
          this.#later(i * fault.everyMs, () => {
            if (!this.#healed) this.#crash(node, 'process', fault.downMs);
          });
        });
        return;
      case 'pause':
        this.#find(fault.node)?.life?.stall(events.now + fault.forMs);
        return;
      case 'wipe': {
        const node = this.#find(fault.node);
        if (node === null || this.#isCareful()) return;
        node.crash('machine');
        node.wipe();
        this.#cluster.bootLater(node, fault.downMs);
      }
    }
  }

  /** Strikes now, or in the middle of the next sync of `node`. */
  #strikeAt(node: SimulatedNode | null, strike: () => void): void {
    const { events } = this.#cluster;
    if (node === null) strike();
    else {
      node.disk.onSync = (completesAt) => {
        events.at((events.now + completesAt) / 2, null, strike);
      };
    }
  }

  #bendTime(fault: Extract<Fault, { kind: 'clock-rate' | 'calendar' }>): void {
    const { events } = this.#cluster;
    const node = this.#find(fault.node);
    if (node === null) return;
    if (fault.kind === 'calendar') {
      node.clock.calendarAheadMs += fault.jumpMs;
      return;
    }
    node.clock.setRate(events.now, fault.percent / 100);
    this.#later(fault.forMs, () => {
      node.clock.setRate(events.now, 1);
    });
  }

  #spoilDisk(
    fault: Extract<
      Fault,
      { kind: 'disk-slow' | 'disk-hang' | 'disk-full' | 'disk-error' | 'disk-lies' }
    >,
  ): void {
    const { events } = this.#cluster;
    const node = this.#find(fault.node);
    if (node === null) return;
    const { condition } = node.disk;
    switch (fault.kind) {
      case 'disk-slow':
        condition.slowFactor = fault.factor;
        this.#later(fault.forMs, () => (condition.slowFactor = 1));
        return;
      case 'disk-hang':
        condition.hangUntil = events.now + fault.forMs;
        return;
      case 'disk-full':
        condition.full = true;
        this.#later(fault.forMs, () => (condition.full = false));
        return;
      case 'disk-error':
        condition.failNext = fault.operation;
        return;
      case 'disk-lies': {
        if (this.#isCareful()) return;
        node.watched.tainted = true;
        const journal = (path: string): boolean => /\/journal\//.test(path);
        const any = (path: string): boolean => /\/journal\/|\/meta$|\/snapshots\//.test(path);
        // Mostly where it hurts most; at one time in eight anywhere.
        const everywhere = fault.how === 'bit-flip' && fault.at % 8 === 0;
        const hit = node.disk.damage(fault.how, everywhere ? any : journal);
        this.#cluster.trace(node.number, 'bf', hit ?? 'nothing to hit');
      }
    }
  }

  #operate(
    fault: Extract<Fault, { kind: 'transfer' | 'add' | 'remove' | 'compact' | 'reconfigure' }>,
  ): void {
    const { nodes, count } = this.#cluster;
    switch (fault.kind) {
      case 'transfer': {
        const to = fault.to === null ? null : (nodes[fault.to]?.id ?? null);
        count('transfers');
        this.#askLeader(TOPIC.transfer, { to, timeoutMs: 2000 }, (ok) => {
          if (!ok) count('transfersAborted');
        });
        return;
      }
      case 'add': {
        const node = this.#find(fault.node);
        if (node === null) return;
        // Removed, and its data directory emptied: the documented way back.
        const members = this.#cluster.leader()?.watched.core?.config.members ?? [];
        const isOut = members.length > 0 && !members.some(({ id }) => id === node.id);
        if (node.wiped && isOut) node.retired = false;
        this.#cluster.boot(node);
        return;
      }
      case 'remove': {
        const node = this.#find(fault.node);
        if (node === null || !this.#mayRemove(node)) return;
        this.#askLeader(TOPIC.remove, { id: node.id, timeoutMs: OPERATOR_TIMEOUT_MS }, (ok) => {
          if (!ok) return;
          count('removals');
          node.retired = true;
          // It learns of it, or not; after a while the operator switches it off.
          this.#later(3000, () => {
            if (node.retired && node.life !== null) node.crash('process');
          });
        });
        return;
      }
      case 'compact':
        this.#find(fault.node)?.replica?.compact(0, () => {});
        return;
      case 'reconfigure':
        this.#reconfigure(fault);
    }
  }

  #reconfigure(fault: Extract<Fault, { kind: 'reconfigure' }>): void {
    const { events, setup } = this.#cluster;
    const leader = this.#cluster.leader();
    const node = this.#find(fault.node);
    const other = this.#find(fault.other);
    const config = leader?.watched.core?.config;
    if (leader === null || node === null || other === null || config === undefined) return;
    if (config.voters.length < VOTERS_MIN || this.#cluster.isSpoiled) return;
    const steps: ConfigStep[] = [];
    if (config.learners.includes(other.id)) steps.push({ kind: 'promote', id: other.id });
    else if (
      config.voters.includes(other.id) &&
      config.voters.length > VOTERS_MIN &&
      other !== node
    ) {
      steps.push({ kind: 'demote', id: other.id });
    }
    if (config.voters.includes(node.id)) steps.push({ kind: 'demote', id: node.id });
    if (steps.length === 0) return;
    const clock = leader.replica === null ? 0 : leader.clock.shown(events.now);
    leader.replica?.changeConfig({ steps }, clock + setup.electionTimeoutMs * 4, (outcome) => {
      this.#cluster.trace(leader.number, 'op', `reconfigured: ${outcome.kind}`);
    });
  }

  #crash(node: SimulatedNode, how: Crash, downMs: number): void {
    if (node.life === null) return;
    this.#cluster.count(how === 'machine' ? 'powerLosses' : 'processCrashes');
    this.#cluster.trace(node.number, 'xx', how);
    node.crash(how);
    this.#cluster.bootLater(node, downMs);
  }

  /** Asks through a node that does not lead, as an operator's tool may. */
  #askLeader(topic: number, body: object, done: (ok: boolean) => void): void {
    const leader = this.#cluster.leader();
    const asker = this.#cluster.nodes.find(
      (node) => node !== leader && node.calls !== null && node.replica !== null,
    );
    if (leader === null || asker === undefined) return;
    asker.calls?.call(
      leader.id,
      {
        group: MAIN_GROUP,
        topic,
        body: encodeText(JSON.stringify(body)),
        timeoutMs: OPERATOR_TIMEOUT_MS,
      },
      (result) => {
        this.#cluster.trace(
          -1,
          'op',
          `${JSON.stringify(body)}: ${result.ok ? 'done' : result.message}`,
        );
        done(result.ok);
      },
    );
  }

  /** Whether what is left is a majority of whole disks, with one to spare. */
  #mayRemove(node: SimulatedNode): boolean {
    const config = this.#cluster.leader()?.watched.core?.config;
    if (config === undefined || !config.voters.includes(node.id)) return false;
    return config.voters.length > (this.#cluster.isSpoiled ? VOTERS_MIN + 1 : VOTERS_MIN);
  }

  /** Whether a disk that lies would be one too many: the group has shrunk, or is not known. */
  #isCareful(): boolean {
    const config = this.#cluster.leader()?.watched.core?.config;
    if (config === undefined || config.votersOutgoing.length > 0) return true;
    return config.voters.length < VOTERS_MIN;
  }

  #find(target: Target): SimulatedNode | null {
    if (target === 'leader') return this.#cluster.leader();
    return this.#cluster.nodes[target] ?? null;
  }

  #later(afterMs: number, run: () => void): void {
    const { events } = this.#cluster;
    events.at(events.now + afterMs, null, run);
  }
}

function shapeOf(fault: Extract<Fault, { kind: 'partition' }>): string {
  const cuts = fault.cuts.map(([from, to]) => `${from + 1}>${to + 1}`).join(' ');
  return `partition ${fault.style} for ${fault.forMs}: ${cuts}`;
}
