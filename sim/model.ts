/**
 * What clients do and what must come of it: a tiny database with registers, lists, a set of unique
 * numbers and a bank. It is the state of the model machine, and the oracle for the real one.
 */
import { type Draw, fold, hashText } from './random.ts';

/** Something a client asks for. Keys are small texts; values are unique within a run. */
export type Op =
  | { readonly kind: 'write'; readonly key: string; readonly value: number }
  /** Writes `value` if the register holds `expect`. */
  | { readonly kind: 'cas'; readonly key: string; readonly expect: number; readonly value: number }
  | { readonly kind: 'append'; readonly key: string; readonly value: number }
  | { readonly kind: 'insert'; readonly value: number }
  | {
      readonly kind: 'transfer';
      readonly from: number;
      readonly to: number;
      readonly amount: number;
    }
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'list'; readonly key: string }
  | { readonly kind: 'count' }
  | { readonly kind: 'total' };

/** What an operation answers: a value, a list, or whether it happened. */
export type OpResult = number | boolean | null | readonly number[];

/** Accounts of the bank and what each starts with. */
export const ACCOUNTS = 5;
export const BALANCE_AT_START = 100;

/** Whether `op` changes nothing. */
export function isRead(op: Op): boolean {
  return op.kind === 'read' || op.kind === 'list' || op.kind === 'count' || op.kind === 'total';
}

/** The state of the model. */
export class Model {
  readonly registers: Map<string, number> = new Map();
  readonly lists: Map<string, number[]> = new Map();
  readonly ids: Map<number, number> = new Map();
  readonly balances: number[] = Array.from({ length: ACCOUNTS }, () => BALANCE_AT_START);

  /** Runs `op`; deterministic. */
  run(op: Op): OpResult {
    switch (op.kind) {
      case 'write':
        this.registers.set(op.key, op.value);
        return true;
      case 'cas':
        if ((this.registers.get(op.key) ?? 0) !== op.expect) return false;
        this.registers.set(op.key, op.value);
        return true;
      case 'append': {
        const list = this.lists.get(op.key);
        if (list === undefined) this.lists.set(op.key, [op.value]);
        else list.push(op.value);
        return true;
      }
      case 'insert': {
        // A set would hide what I11 looks for: the same command executed twice.
        this.ids.set(op.value, (this.ids.get(op.value) ?? 0) + 1);
        return true;
      }
      case 'transfer': {
        const held = this.balances[op.from] ?? 0;
        if (held < op.amount || op.from === op.to) return false;
        this.balances[op.from] = held - op.amount;
        this.balances[op.to] = (this.balances[op.to] ?? 0) + op.amount;
        return true;
      }
      case 'read':
        return this.registers.get(op.key) ?? null;
      case 'list':
        return [...(this.lists.get(op.key) ?? [])];
      case 'count':
        return this.ids.size;
      case 'total':
        return this.balances.reduce((sum, balance) => sum + balance, 0);
    }
  }

  /** A hash of all content; equal states have equal hashes. */
  hash(): number {
    let hash = 0;
    for (const key of [...this.registers.keys()].sort()) {
      hash = fold(fold(hash, hashText(key)), this.registers.get(key) ?? 0);
    }
    for (const key of [...this.lists.keys()].sort()) {
      hash = fold(hash, hashText(key));
      for (const value of this.lists.get(key) ?? []) hash = fold(hash, value);
    }
    for (const [value, times] of [...this.ids].sort(([left], [right]) => left - right)) {
      hash = fold(fold(hash, value), times);
    }
    for (const balance of this.balances) hash = fold(hash, balance);
    return hash;
  }

  /** Changes one value that answers depend on, as a flipped bit may. */
  spoil(draw: Draw): void {
    const [register] = this.registers;
    const [list] = this.lists.values();
    switch (draw.below(3)) {
      case 0:
        if (register !== undefined) this.registers.set(register[0], register[1] ^ 1);
        else this.balances[0] = (this.balances[0] ?? 0) ^ 1;
        return;
      case 1:
        if (list !== undefined) list[0] = (list[0] ?? 0) ^ 1;
        else this.balances[1] = (this.balances[1] ?? 0) ^ 1;
        return;
      default:
        this.balances[2] = (this.balances[2] ?? 0) ^ 1;
    }
  }

  /** All of it as text. */
  save(): string {
    const { registers, lists, ids, balances } = this;
    return JSON.stringify({
      registers: [...registers],
      lists: [...lists],
      ids: [...ids],
      balances,
    });
  }

  /** A model from `save`'s text. */
  static load(text: string): Model {
    const saved = JSON.parse(text) as {
      registers: [string, number][];
      lists: [string, number[]][];
      ids: [number, number][];
      balances: number[];
    };
    const model = new Model();
    for (const [key, value] of saved.registers) model.registers.set(key, value);
    for (const [key, list] of saved.lists) model.lists.set(key, list);
    for (const [value, times] of saved.ids) model.ids.set(value, times);
    saved.balances.forEach((balance, i) => {
      model.balances[i] = balance;
    });
    return model;
  }
}

/** Whether two results are the same. */
export function sameResult(left: OpResult, right: OpResult): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, i) => value === right[i]);
  }
  return left === right;
}
