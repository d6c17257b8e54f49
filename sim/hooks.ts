import type { Invariant } from './watch.ts';

/** The invariants' methods, by what they hear of, so that nobody else is asked. */
export type Hooks = {
  readonly [K in keyof Required<Omit<Invariant, 'id'>>]: readonly NonNullable<Invariant[K]>[];
};

/** Sorts the methods of `invariants`; of each kind in their order. */
export function hooksOf(invariants: readonly Invariant[]): Hooks {
  return {
    onWrite: invariants.flatMap((one) => one.onWrite?.bind(one) ?? []),
    onDurable: invariants.flatMap((one) => one.onDurable?.bind(one) ?? []),
    onCore: invariants.flatMap((one) => one.onCore?.bind(one) ?? []),
    onApply: invariants.flatMap((one) => one.onApply?.bind(one) ?? []),
    onSend: invariants.flatMap((one) => one.onSend?.bind(one) ?? []),
    onReceive: invariants.flatMap((one) => one.onReceive?.bind(one) ?? []),
    onTurn: invariants.flatMap((one) => one.onTurn?.bind(one) ?? []),
    onRestart: invariants.flatMap((one) => one.onRestart?.bind(one) ?? []),
  };
}
