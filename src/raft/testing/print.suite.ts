import type { Config } from '../config.ts';
import type { Effects, Write } from '../effects.ts';
import type { Entry, Position } from '../entry.ts';
import type { Message } from '../message.ts';
import type { Member } from './member.suite.ts';

const decoder = new TextDecoder();

/** One line per thing a core asks for. */
export function printEffects(member: Member, effects: Effects): string[] {
  const lines: string[] = [];
  const { leadership, write, apply } = effects;
  if (leadership !== null) {
    const { role, term, leader } = leadership;
    const whom = leader === null || leader === member.id ? '' : ` of ${leader}`;
    lines.push(`is ${role}${whom} in term ${term}`);
  }
  if (effects.config !== null) lines.push(`config ${printConfig(effects.config)}`);
  if (effects.recovering !== null) {
    lines.push(effects.recovering ? 'enters recovering mode' : 'leaves recovering mode');
  }
  if (write !== null) lines.push(printWrite(write));
  for (const message of effects.sendNow) lines.push(printMessage(message));
  for (const { ticket, message } of effects.sendAfter) {
    lines.push(`${printMessage(message)} (after #${ticket})`);
  }
  if (apply !== null) lines.push(`applies (${apply.after}, ${apply.through}]`);
  for (const { context, index } of effects.reads) lines.push(`read ${context} at ${index}`);
  for (const context of effects.failedReads) lines.push(`read ${context} fails`);
  for (const { to, minimum } of effects.snapshots) {
    lines.push(`wants a snapshot for ${to}, at least ${printPosition(minimum)}`);
  }
  for (const { from, reason } of effects.protocolErrors) {
    lines.push(`protocol error of ${from}: ${reason}`);
  }
  return lines.map((line) => `${member.id} ${line}`);
}

/** A message in a line. */
export function printMessage(message: Message): string {
  const head = `-> ${message.to} ${message.kind} t${message.term}`;
  switch (message.kind) {
    case 'pre-vote':
      return `${head} last ${printPosition(message.last)}`;
    case 'vote':
      return `${head} last ${printPosition(message.last)}${message.transfer ? ' transfer' : ''}`;
    case 'pre-vote-reply':
    case 'vote-reply':
      return `${head} ${message.granted ? 'yes' : 'no'}`;
    case 'append': {
      const entries = printEntries(message.entries);
      const read = message.readSequence === 0 ? '' : ` round ${message.readSequence}`;
      return (
        `${head} after ${printPosition(message.previous)}${entries} ` +
        `commit ${message.commit}${read}`
      );
    }
    case 'append-reply': {
      const lost = message.recovering ? ' recovering' : '';
      if (message.hint === null) return `${head} has ${message.index}${lost}`;
      return `${head} lacks ${message.index} hint ${printPosition(message.hint)}${lost}`;
    }
    case 'heartbeat': {
      const read = message.readSequence === 0 ? '' : ` round ${message.readSequence}`;
      return `${head} commit ${message.commit}${read}`;
    }
    case 'heartbeat-reply': {
      const read = message.readSequence === 0 ? '' : ` round ${message.readSequence}`;
      return `${head}${read}${message.recovering ? ' recovering' : ''}`;
    }
    case 'timeout-now':
      return `${head} last ${message.lastIndex}`;
    case 'read-request':
      return head;
    case 'read-reply':
      return `${head} ${message.index === null ? 'refused' : `at ${message.index}`}`;
  }
}

/** Who takes part. */
export function printConfig(config: Config): string {
  const parts = [`voters ${config.voters.join(',') || '-'}`];
  if (config.votersOutgoing.length > 0) parts.push(`outgoing ${config.votersOutgoing.join(',')}`);
  if (config.learners.length > 0) parts.push(`learners ${config.learners.join(',')}`);
  if (config.learnersNext.length > 0) parts.push(`then learners ${config.learnersNext.join(',')}`);
  return parts.join(', ');
}

/** `term.index`, as in figure 7 of the paper. */
export function printPosition({ index, term }: Position): string {
  return `${term}.${index}`;
}

/** Entries with their content, runs of many shortened. */
export function printEntries(entries: readonly Entry[]): string {
  if (entries.length === 0) return '';
  const shown = entries.slice(0, 6).map(printEntry).join(' ');
  const rest = entries.length > 6 ? ` and ${entries.length - 6} more` : '';
  return ` [${shown}${rest}]`;
}

function printEntry(entry: Entry): string {
  const text = entry.kind === 'normal' ? decoder.decode(entry.data) : entry.kind;
  return `${printPosition(entry)}${text === '' ? '' : `:${text}`}`;
}

function printWrite(write: Write): string {
  const parts: string[] = [];
  const { hardState, installed, compacted } = write;
  if (hardState !== null) parts.push(`term ${hardState.term} vote ${hardState.vote ?? '-'}`);
  if (installed !== null) parts.push(`installed ${printPosition(installed)}`);
  if (write.entries.length > 0) parts.push(`entries${printEntries(write.entries)}`);
  if (compacted !== null) parts.push(`compacted ${printPosition(compacted)}`);
  return `writes #${write.ticket}: ${parts.join(', ')}`;
}
