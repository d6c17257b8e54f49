import type { ApplyOutcome, ApplyRange, Machine } from './machine.ts';

/** A machine that stands at one place and does nothing. */
export class IdleMachine implements Machine {
  readonly digest = 0;
  readonly applied: number;
  onFatal = (): void => {};

  constructor(applied: number) {
    this.applied = applied;
  }

  apply(_range: ApplyRange, _done: (outcome: ApplyOutcome) => void): void {}
  persist(): void {}
  snapshot(): void {}
  restore(_path: string, _done: (applied: number) => void): void {}
  endsRange(_data: Uint8Array): boolean {
    return false;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
