/**
 * A cluster under test. Both of them speak rqlite's HTTP API, so that everything but starting and
 * stopping their processes is the same code.
 */
import { setTimeout as pause } from 'node:timers/promises';

import type { Target } from '../load/connection.ts';
import type { Operation, Role, Workload } from '../workloads/workload.ts';

/** One node that runs. */
export interface ServerNode {
  readonly target: Target;
  readonly pid: number;
}

/** Three nodes as processes of this machine. Disposing ends them; their folder stays. */
export interface Cluster extends AsyncDisposable {
  readonly name: string;
  /** Why there is nothing to measure any more, when a node has ended by itself. */
  readonly problem: string | null;
  readonly nodes: readonly ServerNode[];
  /** kill -9; resolves when the process is gone. */
  kill(node: ServerNode): Promise<void>;
  /** Starts the nodes that do not run. */
  revive(): Promise<void>;
  /** What it is asked for a row of the table. */
  operationOf(workload: Workload): Operation;
}

/** The nodes by what they are at this moment. */
export interface Roles {
  readonly leader: ServerNode;
  readonly followers: readonly ServerNode[];
}

const READY_MS = 30_000;
const ASK_MS = 2000;
const POLL_MS = 20;

/** `http://host:port` of a node. */
export function urlOf({ target }: ServerNode): string {
  return `http://${target.host}:${target.port}`;
}

/**
 * Waits until every node is ready and names the same leader.
 *
 * @throws {Error} when that takes longer than half a minute, or a node ends
 */
export async function findRoles(cluster: Cluster, signal: AbortSignal): Promise<Roles> {
  const untilMs = performance.now() + READY_MS;
  for (;;) {
    if (cluster.problem !== null) throw new Error(cluster.problem);
    const roles = await askRoles(cluster.nodes);
    if (roles !== null) return roles;
    if (performance.now() > untilMs) {
      const seconds = READY_MS / 1000;
      throw new Error(`Cannot measure ${cluster.name}: it has no leader after ${seconds} s`);
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

/** The node that a workload talks to. */
export function targetOf({ leader, followers }: Roles, role: Role): ServerNode {
  return role === 'leader' ? leader : (followers[0] ?? leader);
}

async function askRoles(nodes: readonly ServerNode[]): Promise<Roles | null> {
  const answers = await Promise.all(nodes.map(askLeader));
  const [url] = answers;
  if (url === undefined || url === null || answers.some((answer) => answer !== url)) return null;
  const leader = nodes.find((node) => urlOf(node) === url);
  if (leader === undefined) return null;
  return { leader, followers: nodes.filter((node) => node !== leader) };
}

/** The URL of the leader that a ready node knows; null when it is not ready or knows none. */
async function askLeader(node: ServerNode): Promise<string | null> {
  const get = async (path: string): Promise<Response> =>
    fetch(`${urlOf(node)}${path}`, { signal: AbortSignal.timeout(ASK_MS) });
  try {
    const ready = await get('/readyz');
    await ready.arrayBuffer();
    if (!ready.ok) return null;
    const answer = await get('/nodes');
    if (!answer.ok) return null;
    const members = Object.values((await answer.json()) as Record<string, Member>);
    if (members.length < 3 || members.some(({ reachable }) => reachable !== true)) return null;
    return members.find(({ leader }) => leader === true)?.api_addr ?? null;
  } catch {
    // Refused or cut off while it starts or elects: asked again until the time is up.
    return null;
  }
}

interface Member {
  readonly api_addr?: string;
  readonly reachable?: boolean;
  readonly leader?: boolean;
}
