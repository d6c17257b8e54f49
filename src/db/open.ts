import { VERSION } from '../base/version.ts';
import { decodeStatements } from '../command/decode.ts';
import { encodeCommand, encodeStatements, stampCommand } from '../command/encode.ts';
import { MAIN_GROUP } from '../host/node-host.ts';
import { type OpenedNode, openNode as openHost } from '../host/open-node.ts';
import type { Replica } from '../replica/replica.ts';
import { engineFingerprint } from '../sqlite/engine.ts';
import { type Engine, openEngine } from './engine.ts';
import { EnteringDatabase } from './entering-database.ts';
import type { NodeOptions, RunningNode } from './node.ts';
import { questionsOver } from './questions-over-calls.ts';
import { Reading } from './read.ts';
import { ReplicatedDatabase } from './replicated-database.ts';
import { databaseStatus } from './status.ts';
import { Verification } from './verify.ts';
import { Writes } from './write.ts';

/** A seed that the leader replaces when it takes the command. */
const UNSTAMPED = { clockMs: 0, seed: { low: 0, high: 0 } } as const;

/**
 * Starts a node: opens its data directory, listens for other nodes, and takes part in its cluster,
 * or looks for one. Until it is a member its database answers `not-ready`.
 *
 * @throws {QuorliteError} `locked`, `address`, `configuration`, `wrong-version`, `wrong-cluster`,
 *   `wrong-incarnation`, `corrupt`, `disk`, `disk-full`; the message says what to do
 */
export async function openNode(options: NodeOptions): Promise<RunningNode> {
  const ended = Promise.withResolvers<Error | null>();
  const parts: { engine: Engine | null; node: OpenedNode | null } = { engine: null, node: null };
  const status = (replica: Replica | null): ReturnType<typeof databaseStatus> =>
    databaseStatus({ options, version: VERSION, ...opened(parts), replica });
  const database = new EnteringDatabase(() => status(null));
  const node = await openHost({
    ...options,
    version: VERSION,
    engine: engineFingerprint(),
    openMachine: async (path) => {
      parts.engine = await openEngine({ path, workers: options.readWorkers });
      return parts.engine.machine;
    },
    onEntered: (replica) => {
      const { engine, node: entered } = opened(parts);
      database.enter(assemble({ options, engine, node: entered, replica, status }));
    },
    onStopped: (error) => {
      database.leave(error);
      ended.resolve(error);
    },
  });
  parts.node = node;
  node.start();
  return {
    database,
    id: node.host.self.id,
    peerAddress: node.host.self.peerAddress,
    stopped: ended.promise,
    stop: async () => {
      await node.stop();
      database.leave(new Error('it was asked to'));
      ended.resolve(null);
    },
    isStuck: () => parts.engine?.isStuck() ?? false,
  };
}

function opened(parts: { engine: Engine | null; node: OpenedNode | null }): {
  engine: Engine;
  node: OpenedNode;
} {
  const { engine, node } = parts;
  if (engine === null || node === null) throw new Error('The node is not open yet');
  return { engine, node };
}

/** Puts the database together over a replica that runs. */
function assemble(parts: {
  readonly options: NodeOptions;
  readonly engine: Engine;
  readonly node: OpenedNode;
  readonly replica: Replica;
  readonly status: (replica: Replica) => ReturnType<typeof databaseStatus>;
}): ReplicatedDatabase {
  const { options, engine, node, replica } = parts;
  const { host, calls, clock, random, transport } = node;
  const questions = questionsOver(calls, MAIN_GROUP);
  let lastStampMs = 0;
  const writes = new Writes({
    replica,
    questions,
    clock,
    stamp: (payload) => {
      // Never back, even when the calendar is set back: `now` must not run backward in the log.
      lastStampMs = Math.max(lastStampMs, Math.floor(clock.calendar()));
      stampCommand(payload, lastStampMs, { low: random.uint32(), high: random.uint32() });
    },
  });
  const reads = new Reading({
    replica,
    engine,
    questions,
    codec: { encode: encodeStatements, decode: decodeStatements },
    clock,
    leaderPatienceMs: 3 * options.electionTimeoutMs,
    leaderContactAgeMs: () => host.leaderContactAgeMs,
    barrier: (deadline, settle) => {
      const payload = encodeCommand({ kind: 'barrier' });
      writes.write(
        { payload, format: 0, deadline, leaderDeadline: deadline, forward: false },
        {
          resolve: (reply) => {
            settle.resolve(reply.index);
          },
          reject: (error) => {
            settle.reject(error);
          },
        },
      );
    },
  });
  const verification = new Verification({
    self: () => host.self.id,
    replica,
    machine: engine,
    writes,
    questions,
    clock,
    entry: () => encodeCommand({ kind: 'checksum' }),
  });
  return new ReplicatedDatabase({
    self: () => host.self,
    version: VERSION,
    replica,
    writes,
    reads,
    verification,
    questions,
    requests: host.requests,
    clock,
    electionTimeoutMs: options.electionTimeoutMs,
    trailingBytes: options.trailingBytes,
    encode: ({ statements, transaction, rows }) =>
      encodeCommand({ kind: 'statements', ...UNSTAMPED, transaction, rows, statements }),
    connected: () => transport.connected(),
    usable: () => !replica.raft.status().recovering && !replica.diverged,
    status: () => parts.status(replica),
  });
}
