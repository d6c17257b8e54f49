import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { findFreePorts } from './ports.ts';
import { localCluster, NodeProcess, type NodeEvents } from './processes.ts';

/** A clean end may hand leadership over; after this it is killed. */
const STOP_MS = 5000;

/** Nodes of a cluster in child processes, and the folder they live in. */
export interface LocalCluster extends AsyncDisposable {
  readonly nodes: readonly NodeProcess[];
  readonly urls: readonly string[];
  readonly directory: string;
}

/** What cluster to make. */
export interface LocalClusterSettings {
  readonly nodes: number;
  /** Null: a temporary folder that goes with the cluster. */
  readonly directory: string | null;
  /** Further arguments of every node. */
  readonly args: readonly string[];
  readonly events: NodeEvents;
}

/** Makes a cluster on free ports; nothing runs yet. Disposing ends what runs and cleans up. */
export async function makeLocalCluster(settings: LocalClusterSettings): Promise<LocalCluster> {
  const temporary = settings.directory === null;
  const directory =
    settings.directory ?? (await mkdtemp(path.join(os.tmpdir(), 'quorlite-cluster-')));
  const ports = await findFreePorts(2 * settings.nodes);
  const specs = localCluster({ directory, ports, args: settings.args });
  const nodes = specs.map((spec) => new NodeProcess(spec, settings.events));
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    directory,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(async (node) => node.stop(STOP_MS)));
      if (temporary) await rm(directory, { recursive: true, force: true });
    },
  };
}
