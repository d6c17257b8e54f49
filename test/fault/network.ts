/**
 * A small network inside the namespaces of an isolated test: a bridge, and a network namespace for
 * each node. This process sits at the bridge and reaches every node at all times.
 *
 * A cut is silent, as a failing switch is: the sender is given a hardware address that nobody has.
 * It takes no firewall, works one way, and holds for connections that exist.
 */
import path from 'node:path';

import type { NodeSpec } from '../../src/cli/processes.ts';
import { QUICK_ELECTIONS } from './cluster.ts';
import { run } from './isolated.ts';

/** For `isolatedTest`: a mount for the names of namespaces, a bridge, a namespace with a cable. */
export const NETWORK_NEEDS: string =
  'mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; ip link add b0 type bridge; ' +
  'ip netns add x; ip link add v0 type veth peer name e0 netns x; nsenter --net=/run/netns/x true';

const SUBNET = '10.77.0';
const CLIENTS = 4001;
const PEERS = 4002;
const NOBODY = '02:00:00:00:00:ff';
const INTERFACE = 'eth0';

/** Links from one node to another, by position. */
export interface Way {
  readonly from: number;
  readonly to: number;
}

/** The network of one test. */
export class Network {
  readonly #count: number;

  /** Makes it; at most one in a process. */
  constructor(count: number) {
    this.#count = count;
    run('mkdir', '-p', '/run/netns');
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run/netns');
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'add', 'b0', 'type', 'bridge');
    run('ip', 'address', 'add', `${SUBNET}.254/24`, 'dev', 'b0');
    run('ip', 'link', 'set', 'b0', 'up');
    for (let at = 0; at < count; at++) makeNode(at);
    for (const way of this.#ways()) this.#reach(way, hardwareOf(way.to));
  }

  /** Nodes that live in it. */
  specs(directory: string, args: readonly string[] = QUICK_ELECTIONS): readonly NodeSpec[] {
    const nodes = Array.from({ length: this.#count }, (_, at) => at);
    const join = nodes.map((at) => `${addressOf(at)}:${PEERS}`).join(',');
    // Peers off loopback must know each other.
    const cluster = ['--bootstrap-expect', String(this.#count), '--cluster-secret', 'test'];
    return nodes.map((at) => ({
      id: `n${at + 1}`,
      directory: path.join(directory, `n${at + 1}`),
      http: `${addressOf(at)}:${CLIENTS}`,
      peer: `${addressOf(at)}:${PEERS}`,
      args: [...cluster, '--join', join, ...args],
      prefix: ['nsenter', `--net=/run/netns/${nameOf(at)}`],
    }));
  }

  /** From now on nothing that `from` sends reaches `to`. */
  cut(...ways: readonly Way[]): void {
    for (const way of ways) this.#reach(way, NOBODY);
  }

  /** Cuts both ways between two nodes. */
  part(one: number, other: number): void {
    this.cut({ from: one, to: other }, { from: other, to: one });
  }

  /** Everybody reaches everybody. */
  heal(): void {
    for (const way of this.#ways()) this.#reach(way, hardwareOf(way.to));
  }

  /** What reaches this node goes through a cable of so many megabits a second, and its queue. */
  slow(at: number, megabits: number): void {
    const shape = ['tbf', 'rate', `${megabits}mbit`, 'burst', '64kb', 'latency', '100ms'];
    run('tc', 'qdisc', 'replace', 'dev', `v${at}`, 'root', ...shape);
  }

  /** Each node loses this share of the packets that reach it from other nodes. */
  lose(share: number): void {
    for (let at = 0; at < this.#count; at++) {
      const random = ['-m', 'statistic', '--mode', 'random', '--probability', String(share)];
      const rule = ['-s', `${SUBNET}.0/24`, '!', '-d', `${SUBNET}.254`, ...random, '-j', 'DROP'];
      run('nsenter', `--net=/run/netns/${nameOf(at)}`, 'iptables', '-A', 'INPUT', ...rule);
    }
  }

  #reach({ from, to }: Way, hardware: string): void {
    const entry = [addressOf(to), 'lladdr', hardware, 'dev', INTERFACE, 'nud', 'permanent'];
    run('ip', '-n', nameOf(from), 'neighbour', 'replace', ...entry);
  }

  #ways(): readonly Way[] {
    const nodes = Array.from({ length: this.#count }, (_, at) => at);
    return nodes.flatMap((from) => nodes.flatMap((to) => (from === to ? [] : [{ from, to }])));
  }
}

function makeNode(at: number): void {
  const name = nameOf(at);
  run('ip', 'netns', 'add', name);
  const inner = ['name', INTERFACE, 'address', hardwareOf(at), 'netns', name];
  run('ip', 'link', 'add', `v${at}`, 'type', 'veth', 'peer', ...inner);
  run('ip', 'link', 'set', `v${at}`, 'master', 'b0', 'up');
  run('ip', '-n', name, 'address', 'add', `${addressOf(at)}/24`, 'dev', INTERFACE);
  run('ip', '-n', name, 'link', 'set', INTERFACE, 'up');
  run('ip', '-n', name, 'link', 'set', 'lo', 'up');
}

function nameOf(at: number): string {
  return `q${at + 1}`;
}

function addressOf(at: number): string {
  return `${SUBNET}.${at + 1}`;
}

function hardwareOf(at: number): string {
  return `02:00:00:00:00:0${at + 1}`;
}
