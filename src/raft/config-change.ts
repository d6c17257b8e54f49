import type { NodeId } from '../base/ids.ts';
import type { Config, ConfigChange, ConfigStep, Member } from './config.ts';
import { isJoint } from './quorum.ts';

/** The configuration a change leads to first, or why it is impossible. */
export type ChangeOutcome =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly text: string };

/**
 * The next configuration. One voter more or less is safe in one step, since old and new majorities
 * overlap (thesis 4.1); everything else goes through a joint configuration (thesis 4.3), which the
 * leader leaves by itself. `config` must not be joint.
 */
export function changeConfig(config: Config, change: ConfigChange): ChangeOutcome {
  if (isJoint(config)) return refuse('a joint configuration is in force');
  if (change.steps.length === 0) return refuse('no steps');
  const draft = new Draft(config);
  const seen = new Set<NodeId>();
  for (const step of change.steps) {
    const id = stepId(step);
    // Removing and adding one id in a change would reuse it; two wishes for one id contradict.
    if (seen.has(id)) return refuse(`${id} is named twice`);
    seen.add(id);
    const text = draft.take(step);
    if (text !== null) return refuse(text);
  }
  if (draft.voters.size === 0) return refuse('no voter would be left');
  const moved =
    config.voters.filter((id) => !draft.voters.has(id)).length +
    [...draft.voters].filter((id) => !config.voters.includes(id)).length;
  return { ok: true, config: moved > 1 ? joint(config, draft) : draft.config() };
}

/** The configuration after a joint one. */
export function leaveJoint(config: Config): Config {
  const learners = [...config.learners, ...config.learnersNext];
  return {
    voters: config.voters,
    votersOutgoing: [],
    learners,
    learnersNext: [],
    autoLeave: false,
    members: config.members.filter(({ id }) => config.voters.includes(id) || learners.includes(id)),
  };
}

/** Both halves: members of the old one stay until the joint configuration is left. */
function joint(config: Config, draft: Draft): Config {
  const { voters, learners, members } = draft.config();
  const outgoing = new Set(config.voters);
  const leaving = config.members.filter((member) => !members.some(({ id }) => id === member.id));
  return {
    voters,
    votersOutgoing: config.voters,
    learners: learners.filter((id) => !outgoing.has(id)),
    learnersNext: learners.filter((id) => outgoing.has(id)),
    autoLeave: true,
    members: [...members, ...leaving.filter(({ id }) => outgoing.has(id))],
  };
}

/** A configuration in the making. */
class Draft {
  readonly voters: Set<NodeId>;
  readonly #learners: Set<NodeId>;
  readonly #members: Map<NodeId, Member>;

  constructor(config: Config) {
    this.voters = new Set(config.voters);
    this.#learners = new Set(config.learners);
    this.#members = new Map(config.members.map((member) => [member.id, member]));
  }

  config(): Config {
    return {
      voters: [...this.voters],
      votersOutgoing: [],
      learners: [...this.#learners],
      learnersNext: [],
      autoLeave: false,
      members: [...this.#members.values()],
    };
  }

  /** Takes one wish; returns why it cannot be granted, or null. */
  take(step: ConfigStep): string | null {
    switch (step.kind) {
      case 'add-learner':
        return this.#add(step.member);
      case 'promote':
        return this.#move(step.id, { from: this.#learners, to: this.voters, name: 'learner' });
      case 'demote':
        return this.#move(step.id, { from: this.voters, to: this.#learners, name: 'voter' });
      case 'remove':
        return this.#remove(step.id);
      case 'update':
        return this.#update(step.member);
    }
  }

  #add(member: Member): string | null {
    const present = this.#members.get(member.id);
    if (present !== undefined) {
      return present.incarnation === member.incarnation
        ? `${member.id} is a member already`
        : `${member.id} is a member with another data directory: remove it first`;
    }
    this.#learners.add(member.id);
    this.#members.set(member.id, member);
    return null;
  }

  #move(
    id: NodeId,
    way: { readonly from: Set<NodeId>; readonly to: Set<NodeId>; readonly name: string },
  ): string | null {
    if (!way.from.delete(id)) return `${id} is not a ${way.name}`;
    way.to.add(id);
    return null;
  }

  #remove(id: NodeId): string | null {
    const known = this.#members.delete(id);
    const named = this.voters.delete(id) || this.#learners.delete(id);
    return known || named ? null : `${id} is not a member`;
  }

  #update(member: Member): string | null {
    const present = this.#members.get(member.id);
    if (present === undefined) return `${member.id} is not a member`;
    if (present.incarnation !== member.incarnation) {
      return `${member.id} is a member with another data directory: remove it first`;
    }
    this.#members.set(member.id, member);
    return null;
  }
}

function stepId(step: ConfigStep): NodeId {
  return step.kind === 'add-learner' || step.kind === 'update' ? step.member.id : step.id;
}

function refuse(text: string): ChangeOutcome {
  return { ok: false, text };
}
