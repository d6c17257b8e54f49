import type { NodeId } from '../base/ids.ts';
import type { Index } from './entry.ts';

/** A read some follower asked for. */
export interface RemoteRead {
  readonly from: NodeId;
  readonly requestId: number;
}

/** Reads that one round of confirmations answers. */
export interface Round {
  /** Sent with every message from its start on, and echoed. */
  readonly sequence: number;
  /** The commit index when the round started: after every read in it was asked for. */
  readonly index: Index;
  readonly contexts: readonly number[];
  remotes: RemoteRead[];
}

/**
 * Reads a leader has not confirmed yet. They die with the leader role: a deposed leader must not
 * answer a read it was asked for in its reign.
 */
export class ReadRounds {
  /** Asked for since the last round started. */
  #contexts: number[] = [];
  #remotes: RemoteRead[] = [];
  /** Started and not confirmed, oldest first. */
  rounds: Round[] = [];

  get waiting(): boolean {
    return this.#contexts.length > 0 || this.#remotes.length > 0;
  }

  add(context: number): void {
    this.#contexts.push(context);
  }

  addRemote(remote: RemoteRead): void {
    this.#remotes.push(remote);
  }

  /** Takes out the waiting remote reads for which `settle` returns true. */
  settleRemotes(settle: (remote: RemoteRead) => boolean): void {
    if (this.#remotes.length > 0) {
      this.#remotes = this.#remotes.filter((remote) => !settle(remote));
    }
  }

  /** Everything that waits goes into a new round. */
  start(sequence: number, index: Index): void {
    this.rounds.push({ sequence, index, contexts: this.#contexts, remotes: this.#remotes });
    this.#contexts = [];
    this.#remotes = [];
  }

  /** All local contexts, waiting or in a round. */
  allContexts(): number[] {
    return [...this.rounds.flatMap((round) => round.contexts), ...this.#contexts];
  }

  /** All remote reads, waiting or in a round. */
  allRemotes(): RemoteRead[] {
    return [...this.rounds.flatMap((round) => round.remotes), ...this.#remotes];
  }
}
