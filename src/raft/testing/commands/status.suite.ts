import type { Cluster } from '../cluster.suite.ts';
import type { Command } from '../script.suite.ts';

/** `status [n1 …]`: a line per node, and per peer of a leader. */
export const status: Command = (cluster, words) => {
  const ids = words.plain.length > 0 ? words.plain : [...cluster.members.keys()];
  return ids.flatMap((id) => statusOf(cluster, id));
};

function statusOf(cluster: Cluster, id: string): string[] {
  const member = cluster.get(id);
  if (!member.running) return [`${id} is down`];
  const { role, term, commit, first, last, applied, progress } = member.raft.status();
  const log = first > 1 ? `log ${first}-${last}` : `last ${last}`;
  return [
    `${id} ${role} t${term} ${log} commit ${commit} applied ${applied}`,
    ...progress.map(
      (peer) =>
        `  ${peer.id} ${peer.state} match ${peer.match} next ${peer.next}` +
        (peer.inflightMessages > 0 ? ` inflight ${peer.inflightMessages}` : '') +
        (peer.recovering ? ' recovering' : ''),
    ),
  ];
}
