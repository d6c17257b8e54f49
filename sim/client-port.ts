/** What a client reaches on a node: the product's own write and read paths, without a protocol. */
import { decodeText, encodeText } from '../src/base/bytes.ts';
import type { Clock } from '../src/base/clock.ts';
import { QuorliteError } from '../src/base/errors.ts';
import type { NodeId } from '../src/base/ids.ts';
import type { Statement } from '../src/command/command.ts';
import type { Questions } from '../src/db/questions.ts';
import { Reading } from '../src/db/read.ts';
import type { ReadRequest } from '../src/db/request.ts';
import type { Settle } from '../src/db/settle.ts';
import { Verification, type Verified } from '../src/db/verify.ts';
import { Writes } from '../src/db/write.ts';
import { MAIN_GROUP, type NodeHost } from '../src/host/node-host.ts';
import type { Calls } from '../src/peer/calls.ts';
import type { Index } from '../src/raft/entry.ts';
import type { Replica } from '../src/replica/replica.ts';
import type { Level } from './history.ts';
import type { WrongStates } from './invariants/wrong-state.ts';
import type { MachineKind, SimulatedMachine } from './machine-kind.ts';
import type { Op, OpResult } from './model.ts';
import type { Setup } from './plan.ts';
import type { WatchedNode } from './watch.ts';

/** An operation to run. */
export interface Request {
  readonly op: Op;
  readonly level: Level;
  readonly timeoutMs: number;
  /** For stale reads: refuse when no leader was heard for this long; 0 is no bound. */
  readonly freshnessMs: number;
}

/** How an operation ended. */
export type Answer =
  | {
      readonly ok: true;
      readonly result: OpResult;
      readonly index: number;
      readonly here: boolean;
      /** It came from a state that was spoiled, and nobody knew yet. */
      readonly wrong: boolean;
    }
  | { readonly ok: false; readonly error: QuorliteError };

/** A node as its clients see it. */
export interface ClientPort {
  ask(request: Request, done: (answer: Answer) => void): void;
  /** Compares the content of all members. */
  verify(timeoutMs: number, settle: Settle<Verified>): void;
}

/** What a client port is made of. */
interface Parts {
  readonly id: NodeId;
  readonly watched: WatchedNode;
  readonly states: WrongStates;
  /** Whether the state of a node is spoiled. */
  readonly isWrong: (id: NodeId) => boolean;
  readonly pinned: (index: Index) => string | null;
  readonly replica: Replica;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly machine: SimulatedMachine;
  readonly host: Pick<NodeHost, 'leaderContactAgeMs'>;
  readonly setup: Setup;
  readonly kind: MachineKind;
}

/** Puts the product's write and read paths on a replica. */
export function makeClientPort(parts: Parts): ClientPort {
  const { replica, calls, clock, setup, kind } = parts;
  const questions = questionsOver(calls);
  const stamp = (payload: Uint8Array): void => {
    kind.stamp(payload, clock.calendar());
  };
  const writes = new Writes({ replica, questions, clock, stamp });
  const reading = makeReading(parts, questions);
  watchReads(parts, reading);
  const verification = makeVerification(parts, questions, writes);
  return {
    verify: (timeoutMs, settle) => {
      verification.verify(replica.raft.config.members, timeoutMs, settle);
    },
    ask: (request, done) => {
      const settle = <T>(answer: (reply: T) => Answer): Settle<T> => ({
        resolve: (reply) => {
          done(answer(reply));
        },
        reject: (error) => {
          done({ ok: false, error });
        },
      });
      if (request.level !== 'write') {
        reading.read(
          readRequestOf(request, request.level),
          settle(({ body, servedBy }) => {
            const said = JSON.parse(decodeText(body)) as Said;
            const { result, applied: index, wrong } = said;
            return { ok: true, result, index, here: servedBy === null, wrong };
          }),
        );
        return;
      }
      const { op, timeoutMs } = request;
      const now = clock.now();
      const deadline = now + timeoutMs;
      const leaderDeadline = now + 3 * setup.electionTimeoutMs;
      writes.write(
        { payload: kind.encode(op), format: 1, deadline, leaderDeadline, forward: true },
        settle(({ body, index, servedBy }) => {
          const wrong = parts.isWrong(servedBy ?? parts.id);
          return { ok: true, result: kind.result(op, body), index, here: servedBy === null, wrong };
        }),
      );
    },
  };
}

/** What a read worker says. */
interface Said {
  readonly result: OpResult;
  readonly applied: Index;
  readonly wrong: boolean;
}

/** Tells the invariants of each read that this node answers from its own state, for whomever. */
function watchReads({ states, watched }: Parts, reading: Reading): void {
  const read = reading.read.bind(reading);
  reading.read = (request, settle) => {
    read(request, {
      resolve: (reply) => {
        if (reply.servedBy === null) states.onServed(watched);
        settle.resolve(reply);
      },
      reject: (error) => {
        settle.reject(error);
      },
    });
  };
}

function makeVerification(parts: Parts, questions: Questions, writes: Writes): Verification {
  const { id, replica, clock, kind, pinned } = parts;
  return new Verification({
    self: () => id,
    replica,
    writes,
    questions,
    clock,
    entry: () => kind.checksum(),
    machine: {
      checksum: (index, settle) => {
        // The auxiliary thread: it says what it hashed some time after it was asked.
        clock.after(1, () => {
          const hash = pinned(index);
          if (hash !== null) settle.resolve(hash);
          else settle.reject(new QuorliteError('not-ready', `No checksum was taken at ${index}`));
        });
      },
    },
  });
}

function makeReading(parts: Parts, questions: Questions): Reading {
  const { replica, clock, machine, host, setup, kind } = parts;
  return new Reading({
    replica,
    questions,
    clock,
    leaderPatienceMs: 3 * setup.electionTimeoutMs,
    engine: {
      query: (request, settle) => {
        // A read worker's thread: it sees the state some time after it was asked to.
        clock.after(1, () => {
          const op = JSON.parse(request.statements[0]?.sql ?? 'null') as Op;
          const { applied } = machine;
          const said: Said = { result: machine.answer(op), applied, wrong: parts.watched.wrong };
          settle.resolve(encodeText(JSON.stringify(said)));
        });
      },
    },
    codec: {
      encode: (statements) => encodeText(statements[0]?.sql ?? ''),
      decode: (payload) => ({ statements: [statementOf(decodeText(payload))], transaction: false }),
    },
    leaderContactAgeMs: () => host.leaderContactAgeMs,
    barrier: (deadline, settle) => {
      replica.propose({
        payload: kind.barrier(),
        format: 0,
        deadline,
        done: (outcome) => {
          if (outcome.kind === 'applied') settle.resolve(outcome.index);
          else settle.reject(notDone(outcome.kind));
        },
      });
    },
  });
}

function readRequestOf(request: Request, level: Exclude<Level, 'write'>): ReadRequest {
  return {
    statements: [statementOf(JSON.stringify(request.op))],
    transaction: false,
    format: 1,
    level,
    timeoutMs: request.timeoutMs,
    statementTimeoutMs: 0,
    freshnessMs: request.freshnessMs,
    forward: true,
  };
}

function statementOf(sql: string): Statement {
  return { sql, positional: [], named: [] };
}

function notDone(what: string): QuorliteError {
  return new QuorliteError('timeout', `The barrier was not applied: ${what}`);
}

function questionsOver(calls: Calls): Questions {
  return {
    ask: ({ to, topic, body, timeoutMs }, done) => {
      calls.call(to, { group: MAIN_GROUP, topic, body, timeoutMs }, (result) => {
        if (result.ok) done({ kind: 'answered', error: null, body: result.body });
        else if (result.code === 'refused') {
          done({ kind: 'answered', error: result.message, body: new Uint8Array(0) });
        } else if (result.code === 'not-connected' || result.code === 'overloaded') {
          done({ kind: 'not-sent', reason: result.message });
        } else done({ kind: 'lost', reason: result.message });
      });
    },
    handle: (topic, handler) => {
      calls.handle(topic, (from, body, answer) => {
        handler(from, body, answer);
      });
    },
  };
}
