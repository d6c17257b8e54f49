import type { Message } from '../../src/raft/message.ts';
import type { Raft } from '../../src/raft/raft.ts';
import type { Mutation } from '../mutations.ts';
import { bendEffects } from './messages.ts';
import { fallenLeaders, QUICK } from './moments.ts';

/** Bugs in what a core hears and decides. */
export const coreMutations: readonly Mutation[] = [
  {
    name: 'count-learner',
    what: 'what a learner acknowledges counts as a voter’s',
    seeds: 100,
    setup: { nodes: 3, spares: 2 },
    core: (raft, { id }) => {
      bendInput(raft, (message, now) => {
        const { learners, voters } = raft.status().config;
        if (message.kind !== 'append-reply' || !learners.includes(message.from)) return message;
        const voter = voters.find((other) => other !== id) ?? message.from;
        raft.step({ ...message, from: voter }, now);
        return message;
      });
    },
  },
  {
    name: 'count-one-voter-for-all',
    what: 'what one follower acknowledges counts for another too',
    seeds: 40,
    core: (raft, { id }) => {
      bendInput(raft, (message) => {
        const { voters } = raft.status().config;
        if (message.kind !== 'append-reply' || message.hint !== null) return message;
        const other = voters.find((voter) => voter !== id && voter !== message.from);
        return other === undefined ? message : { ...message, from: other };
      });
    },
  },
  {
    name: 'count-votes-for-all',
    what: 'a vote granted counts for a second voter too',
    seeds: 60,
    setup: { nodes: 5, ...QUICK },
    faults: fallenLeaders(300),
    core: (raft, { id }) => {
      const step = raft.step.bind(raft);
      raft.step = (message, now) => {
        step(message, now);
        if (message.kind !== 'vote-reply' || !message.granted) return;
        const { voters } = raft.status().config;
        const other = voters.find((voter) => voter !== id && voter !== message.from);
        if (other !== undefined) step({ ...message, from: other }, now);
      };
    },
  },
  {
    name: 'ignore-higher-terms',
    what: 'a leader does not listen to higher terms',
    seeds: 300,
    core: (raft) => {
      bendInput(raft, (message) => {
        const { term, role } = raft.status();
        return role === 'leader' && message.term > term ? null : message;
      });
    },
  },
  {
    name: 'read-without-round',
    what: 'a leader answers reads from its commit index without asking anybody',
    seeds: 60,
    core: (raft) => {
      answerReads(
        raft,
        () => raft.status().commit,
        ({ role }) => role === 'leader',
      );
    },
  },
  {
    name: 'read-index-everywhere',
    what: 'any node answers reads from its own commit index',
    seeds: 20,
    core: (raft) => {
      answerReads(
        raft,
        () => raft.status().commit,
        () => true,
      );
    },
  },
  {
    name: 'read-index-stale',
    what: 'the index of a confirmed read lies before what was committed',
    seeds: 60,
    core: (raft) => {
      bendEffects(raft, (effects) => ({
        ...effects,
        reads: effects.reads.map((read) => ({ ...read, index: Math.max(0, read.index - 3) })),
      }));
    },
  },
  {
    name: 'read-confirmed-by-old-answers',
    what: 'any answer heard after a read began confirms it, whenever it was asked for',
    seeds: 100,
    core: (raft) => {
      bendInput(raft, (message) =>
        message.kind === 'heartbeat-reply' || message.kind === 'append-reply'
          ? { ...message, readSequence: 1e9 }
          : message,
      );
    },
  },
  {
    name: 'apply-before-commit',
    what: 'what is in the log is applied whether it is committed or not',
    seeds: 20,
    core: (raft) => {
      bendEffects(raft, (effects) => {
        const { last } = raft.status();
        const apply = effects.apply === null ? null : { ...effects.apply, through: last };
        return { ...effects, apply };
      });
    },
  },
  {
    name: 'forget-snapshots',
    what: 'a follower that needs a snapshot is not sent one',
    seeds: 100,
    setup: { compactBytes: 400, trailingBytes: 0 },
    core: (raft) => {
      bendEffects(raft, (effects) => ({ ...effects, snapshots: [] }));
    },
  },
  {
    name: 'no-heartbeats',
    what: 'a leader without news says nothing',
    seeds: 20,
    core: (raft) => {
      bendEffects(raft, (effects) => ({
        ...effects,
        sendNow: effects.sendNow.filter(({ kind }) => kind !== 'heartbeat'),
      }));
    },
  },
  {
    name: 'lease-by-slow-clock',
    what: 'a leader measures its lease with a clock that runs at a third of the speed',
    seeds: 100,
    setup: { leases: true },
    core: (raft) => {
      const tick = raft.tick.bind(raft);
      const { start } = { start: { at: -1 } };
      raft.tick = (now) => {
        if (start.at < 0) start.at = now;
        tick(start.at + (now - start.at) / 3);
      };
    },
  },
  {
    name: 'lease-never-ends',
    what: 'a leader believes in its lease as long as it believes to lead',
    seeds: 100,
    setup: { leases: true, nodes: 3 },
    core: (raft) => {
      raft.leaseValid = () => raft.status().role === 'leader';
    },
  },
  {
    name: 'read-shares-older-answer',
    what: 'the answer to a read is given to reads that were asked later, too (etcd #20418)',
    seeds: 100,
    setup: { nodes: 3, clients: 8, thinkMs: 20, keys: 1, applyDelayMs: 20, applyMs: 5 },
    core: (raft) => {
      const ask = raft.readIndex.bind(raft);
      const asked: number[] = [];
      raft.readIndex = (context) => {
        asked.push(context);
        ask(context);
      };
      bendEffects(raft, (effects) => {
        const index = effects.reads[0]?.index;
        if (index === undefined) return effects;
        return { ...effects, reads: asked.splice(0).map((context) => ({ context, index })) };
      });
    },
  },
  {
    name: 'forget-held-messages',
    what: 'what waits for the disk is never sent',
    seeds: 5,
    core: (raft) => {
      bendEffects(raft, (effects) => ({ ...effects, sendAfter: [] }));
    },
  },
  {
    name: 'answer-lost-reads',
    what: 'a read that could not be confirmed is answered all the same',
    seeds: 60,
    core: (raft) => {
      bendEffects(raft, (effects) => ({
        ...effects,
        failedReads: [],
        reads: [
          ...effects.reads,
          ...effects.failedReads.map((context) => ({ context, index: raft.status().commit })),
        ],
      }));
    },
  },
];

function bendInput(raft: Raft, change: (message: Message, now: number) => Message | null): void {
  const step = raft.step.bind(raft);
  raft.step = (message, now) => {
    const changed = change(message, now);
    if (changed !== null) step(changed, now);
  };
}

/** Answers reads at once where `picks` says so. */
function answerReads(
  raft: Raft,
  index: () => number,
  picks: (status: ReturnType<Raft['status']>) => boolean,
): void {
  const ask = raft.readIndex.bind(raft);
  const ready: { context: number; index: number }[] = [];
  raft.readIndex = (context) => {
    if (picks(raft.status())) ready.push({ context, index: index() });
    ask(context);
  };
  bendEffects(raft, (effects) => ({ ...effects, reads: [...ready.splice(0), ...effects.reads] }));
}
