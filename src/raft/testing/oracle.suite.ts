import type { NodeId } from '../../base/ids.ts';
import type { Effects } from '../effects.ts';
import type { Entry, Index, Term } from '../entry.ts';
import type { Message } from '../message.ts';
import type { Member } from './member.suite.ts';

/** More than any log of a run has entries; makes (term, index) one number. */
const INDEX_MAX = 1_000_000;

/** Watches a group and fails when a promise of Raft (figure 3 of the paper) is broken. */
export class Oracle {
  readonly #leaders = new Map<Term, NodeId>();
  /** What each position holds, and the term before it: one truth for all logs. */
  readonly #entries = new Map<number, { readonly data: Uint8Array; readonly before: Term }>();
  /** What was applied anywhere, by index. */
  readonly #applied: Entry[] = [];
  readonly #floors = new Map<number, { readonly asked: NodeId; readonly index: Index }>();
  readonly #durable = new Map<NodeId, { term: Term; vote: NodeId | null }>();
  #committed: { index: Index; term: Term } = { index: 0, term: 0 };
  #steps = 0;
  /** How much happened, so that a test can tell that it tested something. */
  readonly counts = { elections: 0, commits: 0, reads: 0, losses: 0, installs: 0, configs: 0 };

  onEffects(member: Member, effects: Effects): void {
    const { leadership, write, apply } = effects;
    if (leadership?.role === 'leader') this.#onElected(member, leadership.term);
    if (write !== null) this.#onEntries(member, write.entries);
    if (write?.installed !== null && write?.installed !== undefined) this.counts.installs++;
    if (effects.config !== null) this.counts.configs++;
    if (apply !== null) this.#onApply(member, apply);
    this.#onCommit(member);
    for (const { context, index } of effects.reads) {
      const floor = this.#floors.get(context)?.index;
      check(floor !== undefined, () => `Read ${context} was answered twice`);
      check(index >= floor, () => `Read ${context} at ${index}, ${floor} was committed before`);
      this.#floors.delete(context);
      this.counts.reads++;
    }
    for (const context of effects.failedReads) {
      check(this.#floors.delete(context), () => `Read ${context} was answered twice`);
    }
    for (const { reason } of effects.protocolErrors) throw new Error(`Protocol error: ${reason}`);
  }

  /** A read begins: it must see everything committed by now. */
  onRead(context: number, asked: NodeId): void {
    this.#floors.set(context, { asked, index: this.#committed.index });
  }

  /** Reads nobody answered, or said that it would not. */
  get unanswered(): number {
    return this.#floors.size;
  }

  /** A leader would serve a read at its commit index. */
  onLease(member: Member): void {
    const { commit } = member.raft;
    const { index } = this.#committed;
    check(commit >= index, () => `${member.id} has a lease at ${commit}, ${index} is committed`);
  }

  /** Promises must be on the sender's disk (Persistence ordering). */
  onSend(message: Message, sender: Member): void {
    const { hardState, mark, entries } = sender.image;
    const promises = ['vote', 'vote-reply', 'append-reply'].includes(message.kind);
    check(
      !promises || hardState.term >= message.term,
      () => `${sender.id} sends a ${message.kind} of term ${message.term} before it is durable`,
    );
    if (hardState.term !== message.term) return;
    switch (message.kind) {
      case 'vote':
        check(hardState.vote === sender.id, () => `${sender.id} asks before its vote is durable`);
        return;
      case 'vote-reply':
        if (!message.granted) return;
        check(hardState.vote === message.to, () => `${sender.id} grants a vote it may forget`);
        return;
      case 'append-reply': {
        const last = mark.index + entries.length;
        if (message.hint !== null || message.index <= last) return;
        throw new Error(`${sender.id} acknowledges ${message.index}, its disk ends at ${last}`);
      }
      default:
    }
  }

  /** Reads of a process die with it. */
  onCrash(member: Member): void {
    const before = this.#durable.get(member.id);
    const { term, vote } = member.image.hardState;
    if (before !== undefined) {
      check(term >= before.term, () => `The term of ${member.id} went back`);
      check(
        term > before.term || before.vote === null || before.vote === vote,
        () => `${member.id} voted for ${before.vote} and ${vote} in term ${term}`,
      );
    }
    this.#durable.set(member.id, { term, vote });
    for (const [context, { asked }] of this.#floors) {
      if (asked === member.id) this.#floors.delete(context);
    }
  }

  onLoss(_member: Member): void {
    this.counts.losses++;
  }

  onStep(members: readonly Member[], now: number): void {
    if (++this.#steps % 32 !== 0) return;
    const leased = members.filter((member) => member.running && member.raft.leaseValid(now));
    check(leased.length <= 1, () => `${leased.length} nodes hold a lease`);
    for (const member of members) {
      if (!member.running) continue;
      for (const peer of member.raft.status().progress) {
        check(peer.match < peer.next, () => `${member.id} has ${peer.match} >= ${peer.next}`);
      }
    }
  }

  #onElected(member: Member, term: Term): void {
    const durable = member.image.hardState.term;
    check(durable >= term, () => `${member.id} leads term ${term}, its disk knows ${durable}`);
    const other = this.#leaders.get(term) ?? member.id;
    check(other === member.id, () => `Election Safety: ${other}, ${member.id} lead term ${term}`);
    this.#leaders.set(term, member.id);
    this.counts.elections++;
    // A leader of an old term may hear of its election late; it need not know what came after.
    const { index, term: committedTerm } = this.#committed;
    if (committedTerm > term) return;
    const held = member.raft.term(index);
    check(
      held === committedTerm || index < member.raft.status().first,
      () => `Leader Completeness: ${member.id} leads term ${term} without ${index}`,
    );
  }

  #onEntries(member: Member, entries: readonly Entry[]): void {
    for (const { index, term, data } of entries) {
      const before = member.raft.term(index - 1) ?? 0;
      const key = term * INDEX_MAX + index;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { data, before });
      else {
        check(
          known.data === data && known.before === before,
          () => `Log Matching: ${member.id} has another entry ${index} of term ${term}`,
        );
      }
    }
  }

  #onApply(
    member: Member,
    { after, through }: { readonly after: Index; readonly through: Index },
  ): void {
    for (const entry of member.raft.entries(after, through)) {
      const known = this.#applied[entry.index];
      if (known === undefined) this.#applied[entry.index] = entry;
      else {
        check(
          known.term === entry.term && known.data === entry.data,
          () => `State Machine Safety: ${member.id} applies another entry ${entry.index}`,
        );
      }
    }
    const { commit, durable } = member.raft.status();
    check(through <= commit && through <= durable, () => `${member.id} applies too early`);
  }

  #onCommit(member: Member): void {
    const { commit } = member.raft;
    if (commit <= this.#committed.index) return;
    const term = member.raft.term(commit) ?? 0;
    this.#committed = { index: commit, term };
    this.counts.commits++;
  }
}

function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}
