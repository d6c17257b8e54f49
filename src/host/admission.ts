import type { ClusterId, Incarnation, NodeId } from '../base/ids.ts';
import type { Hello } from '../peer/transport.ts';
import type { Config } from '../raft/config.ts';

/** What this node holds a newcomer's hello against. */
export interface AdmissionView {
  readonly id: NodeId;
  readonly cluster: ClusterId | null;
  readonly engine: string;
  /** The configuration in force here; null while there is none. */
  readonly config: Config | null;
  /** Data directories that a committed configuration removed, as far as this node saw it. */
  readonly removed: ReadonlySet<Incarnation>;
}

/**
 * Whether a node may talk to this one: null, or the reason it is refused, which it shows its user.
 *
 * A node whose data directory was re-created under its old id has forgotten votes and entries it
 * promised to keep; letting it take part could lose acknowledged writes (etcd #16220 and others).
 */
export function admit(view: AdmissionView, peer: Hello): string | null {
  if (peer.engine !== view.engine) {
    return (
      `wrong-version: Cannot take part with another SQLite or quorlite: this cluster runs ` +
      `${view.engine}, node ${peer.id} runs ${peer.engine}. Statements could give other results ` +
      `there. Run the same version on every node`
    );
  }
  if (peer.cluster !== null && view.cluster !== null && peer.cluster !== view.cluster) {
    return (
      `wrong-cluster: Cannot take part: node ${peer.id} belongs to cluster ${peer.cluster}, ` +
      `node ${view.id} to cluster ${view.cluster}. Check the addresses given with --join`
    );
  }
  const member = view.config?.members.find(({ id }) => id === peer.id);
  if (member?.incarnation === peer.incarnation) return null;
  if (view.removed.has(peer.incarnation) && peer.cluster !== null) {
    return (
      `not-member: Node ${peer.id} was removed from the cluster. ` +
      `To add it again, start it with an empty data directory and --join`
    );
  }
  if (member !== undefined) {
    return (
      `wrong-incarnation: Cannot take part as ${peer.id}: the cluster knows it with another data ` +
      `directory, and this one was created anew, so what it promised before is lost. ` +
      `Remove it first (DELETE /remove with {"id":"${peer.id}"}), then start it again to join, ` +
      `or bring its old data directory back`
    );
  }
  return null;
}
