import type { NodeId } from '../base/ids.ts';

/** Answers a question from another node; called exactly once. `error` is `code: message`. */
export type Ask = (error: string | null, body: Uint8Array) => void;

/** What came of a question to another node. */
export type Answer =
  /** It never left: nothing was done there. */
  | { readonly kind: 'not-sent'; readonly reason: string }
  /** It left and no answer came: something may have been done there. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The other node answered; `error` is `code: message`, or null. */
  | { readonly kind: 'answered'; readonly error: string | null; readonly body: Uint8Array };

/** Questions between the databases of two nodes. */
export interface Questions {
  ask(
    question: {
      readonly to: NodeId;
      readonly topic: number;
      readonly body: Uint8Array;
      readonly timeoutMs: number;
    },
    done: (answer: Answer) => void,
  ): void;
  handle(topic: number, handler: (from: NodeId, body: Uint8Array, answer: Ask) => void): void;
}
