import type { NodeView } from '../../db/request.ts';
import { formatDuration } from './duration.ts';
import { escapedJson } from './response.ts';

/**
 * A node as `/nodes` and `/leader` show it, in rqlite's order of keys; empty ones are left out.
 * Unlike rqlite's, it has `api_addr` when the node does not answer, too.
 */
export function nodeDocument(node: NodeView): Readonly<Record<string, unknown>> {
  const time = node.roundTripMs / 1e3;
  return {
    ...(node.id === '' ? undefined : { id: node.id }),
    ...(node.clientAddress === '' ? undefined : { api_addr: `http://${node.clientAddress}` }),
    ...(node.peerAddress === '' ? undefined : { addr: node.peerAddress }),
    version: node.version === '' && node.reachable ? 'unknown' : node.version,
    voter: node.voter,
    reachable: node.reachable,
    leader: node.leader,
    ...(time > 0 ? { time, time_s: formatDuration(node.roundTripMs) } : undefined),
    ...(node.error === '' ? undefined : { error: node.error }),
  };
}

/** `/nodes` in the form `version` names: `2` is a list, all others a map by id. */
export function nodesJson(nodes: readonly NodeView[], version: string): string {
  const sorted = nodes.toSorted((left, right) => {
    if (left.id === right.id) return 0;
    return left.id < right.id ? -1 : 1;
  });
  if (version === '2') return escapedJson({ nodes: sorted.map(nodeDocument) });
  // By hand: an object of ours would put ids that are numbers first.
  const members = sorted.map(
    (node) => `${escapedJson(node.id)}:${escapedJson(nodeDocument(node))}`,
  );
  return `{${members.join(',')}}`;
}
