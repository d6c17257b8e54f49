import { type MachineKind, modelKind } from './machine-kind.ts';
import type { Setup } from './plan.ts';
import { sqliteKind } from './sqlite-machine.ts';

/** The machine a setup names. */
export function kindOf(machine: Setup['machine']): MachineKind {
  return machine === 'sqlite' ? sqliteKind : modelKind;
}
