import type { Command } from '../script.suite.ts';

/** `io-done n1 [count]`: the oldest writes of n1 become durable; tells what that let go. */
export const ioDone: Command = (cluster, words) => {
  const member = cluster.get(words.word(0));
  const before = cluster.wire.length;
  member.finishWrites(Number(words.plain[1] ?? member.writes.length));
  const released = cluster.wire.slice(before).map(({ kind, to }) => `released: ${kind} to ${to}`);
  member.drain();
  return released;
};
