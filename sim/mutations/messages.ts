import type { Effects } from '../../src/raft/effects.ts';
import type { Message } from '../../src/raft/message.ts';
import type { Raft } from '../../src/raft/raft.ts';
import type { Mutation } from '../mutations.ts';

/** Bugs in what a core says to the others. */
export const messageMutations: readonly Mutation[] = [
  {
    name: 'promise-before-durable',
    what: 'messages that promise something leave before the disk is waited for',
    seeds: 5,
    core: (raft) => {
      bendEffects(raft, (effects) => ({
        ...effects,
        sendNow: [...effects.sendNow, ...effects.sendAfter.map(({ message }) => message)],
        sendAfter: [],
      }));
    },
  },
  {
    name: 'vote-request-before-durable',
    what: 'a candidate asks for votes before its own term is durable',
    seeds: 5,
    core: (raft) => {
      early(raft, ({ kind }) => kind === 'vote');
    },
  },
  {
    name: 'append-reply-before-durable',
    what: 'a follower acknowledges entries before they are durable',
    seeds: 5,
    core: (raft) => {
      early(raft, ({ kind }) => kind === 'append-reply');
    },
  },
  {
    name: 'vote-reply-before-durable',
    what: 'a voter answers before its vote is durable',
    seeds: 5,
    core: (raft) => {
      early(raft, ({ kind }) => kind === 'vote-reply');
    },
  },
  {
    name: 'grant-every-vote',
    what: 'every vote asked for is granted',
    seeds: 40,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'vote-reply' ? { ...message, granted: true } : message,
      );
    },
  },
  {
    name: 'vote-for-shorter-logs',
    what: 'a candidate claims a longer log than it has',
    seeds: 60,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'vote' || message.kind === 'pre-vote'
          ? { ...message, last: { term: message.last.term + 1000, index: message.last.index } }
          : message,
      );
    },
  },
  {
    name: 'heartbeat-commit-unbounded',
    what: 'a heartbeat tells the commit index whatever the follower has acknowledged',
    seeds: 100,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'heartbeat' ? { ...message, commit: raft.status().commit } : message,
      );
    },
  },
  {
    name: 'commit-what-was-sent',
    what: 'an append says that the entries it carries are committed',
    seeds: 20,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'append'
          ? { ...message, commit: message.previous.index + message.entries.length }
          : message,
      );
    },
  },
  {
    name: 'acknowledge-too-much',
    what: 'a follower acknowledges one entry more than it has',
    seeds: 20,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'append-reply' && message.hint === null
          ? { ...message, index: message.index + 1 }
          : message,
      );
    },
  },
  {
    name: 'accept-every-append',
    what: 'a follower acknowledges appends whose previous entry it does not have',
    seeds: 60,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'append-reply' ? { ...message, hint: null } : message,
      );
    },
  },
  {
    name: 'never-reject',
    what: 'rejections of appends are not sent',
    seeds: 60,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'append-reply' && message.hint !== null ? null : message,
      );
    },
  },
  {
    name: 'wrong-entry-term',
    what: 'entries are sent with the term of their leader instead of their own',
    seeds: 40,
    core: (raft) => {
      bendMessages(raft, (message) =>
        message.kind === 'append'
          ? {
              ...message,
              entries: message.entries.map((entry) => ({ ...entry, term: message.term })),
            }
          : message,
      );
    },
  },
];

/** Changes the effects a core asks for. */
export function bendEffects(raft: Raft, change: (effects: Effects) => Effects): void {
  const take = raft.takeEffects.bind(raft);
  raft.takeEffects = () => {
    const effects = take();
    return effects === null ? null : change(effects);
  };
}

/** Changes, or swallows, the messages a core sends. */
function bendMessages(raft: Raft, change: (message: Message) => Message | null): void {
  bendEffects(raft, (effects) => ({
    ...effects,
    sendNow: effects.sendNow.flatMap((message) => change(message) ?? []),
    sendAfter: effects.sendAfter.flatMap(({ ticket, message }) => {
      const changed = change(message);
      return changed === null ? [] : [{ ticket, message: changed }];
    }),
  }));
}

function early(raft: Raft, picks: (message: Message) => boolean): void {
  bendEffects(raft, (effects) => ({
    ...effects,
    sendNow: [
      ...effects.sendNow,
      ...effects.sendAfter.flatMap(({ message }) => (picks(message) ? [message] : [])),
    ],
    sendAfter: effects.sendAfter.filter(({ message }) => !picks(message)),
  }));
}
