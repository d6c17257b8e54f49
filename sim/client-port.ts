/** What a client reaches on a node: the product's own write and read paths, without a protocol. */
import { decodeText, encodeText } from '../src/base/bytes.ts';
import type { Clock } from '../src/base/clock.ts';
import { QuorliteError } from '../src/base/errors.ts';
import type { Statement } from '../src/command/command.ts';
import type { Questions } from '../src/db/questions.ts';
import { Reading } from '../src/db/read.ts';
import type { ReadRequest } from '../src/db/request.ts';
import type { Settle } from '../src/db/settle.ts';
import { Writes } from '../src/db/write.ts';
import { MAIN_GROUP, type NodeHost } from '../src/host/node-host.ts';
import type { Calls } from '../src/peer/calls.ts';
import type { Replica } from '../src/replica/replica.ts';
import type { Level } from './history.ts';
import type { MachineKind, SimulatedMachine } from './machine-kind.ts';
import type { Op, OpResult } from './model.ts';
import type { Setup } from './plan.ts';

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
  | { readonly ok: true; readonly result: OpResult; readonly index: number; readonly here: boolean }
  | { readonly ok: false; readonly error: QuorliteError };

/** A node as its clients see it. */
export interface ClientPort {
  ask(request: Request, done: (answer: Answer) => void): void;
}

/** What a client port is made of. */
interface Parts {
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
  return {
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
            const said = JSON.parse(decodeText(body)) as { result: OpResult; applied: number };
            return { ok: true, result: said.result, index: said.applied, here: servedBy === null };
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
          return { ok: true, result: kind.result(op, body), index, here: servedBy === null };
        }),
      );
    },
  };
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
          const said = { result: machine.answer(op), applied: machine.applied };
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
