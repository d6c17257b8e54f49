import { createReadStream } from 'node:fs';

import { QuorliteError } from '../../base/errors.ts';
import { READ_LEVELS, ROW_MODES } from '../options.ts';
import { nearest } from '../options/nearest.ts';
import { runScript, type Next } from './script-run.ts';
import type { Session } from './session.ts';

interface DotCommand {
  readonly name: string;
  /** As in the help. */
  readonly argument: string;
  readonly about: string;
  readonly run: (session: Session, argument: string) => Promise<Next>;
}

/** Names of ours and of SQLite's own do not show. */
const VISIBLE =
  String.raw`name NOT LIKE 'sqlite\_%' ESCAPE '\' AND ` +
  String.raw`name NOT LIKE '\_\_quorlite\_%' ESCAPE '\' AND ` +
  String.raw`tbl_name NOT LIKE '\_\_quorlite\_%' ESCAPE '\'`;

const COMMANDS: readonly DotCommand[] = [
  { name: '.help', argument: '', about: 'this list', run: help },
  { name: '.tables', argument: '', about: 'tables and views', run: tables },
  { name: '.schema', argument: '[NAME]', about: 'how they were created', run: schema },
  { name: '.nodes', argument: '', about: 'the nodes of the cluster', run: nodes },
  { name: '.status', argument: '', about: 'what the node says about itself', run: status },
  { name: '.leader', argument: '', about: 'the node that takes writes', run: leader },
  { name: '.level', argument: READ_LEVELS.join('|'), about: 'how fresh reads are', run: level },
  { name: '.mode', argument: ROW_MODES.join('|'), about: 'how rows are printed', run: mode },
  { name: '.timer', argument: 'on|off', about: 'time of every request', run: timer },
  { name: '.read', argument: 'FILE', about: 'run the statements of a file', run: read },
  { name: '.quit', argument: '', about: 'leave; so does Ctrl-D', run: async () => 'quit' },
];

/**
 * Runs a command that begins with a dot.
 *
 * @throws {QuorliteError} when there is no such command, or it fails
 */
export async function runDotCommand(session: Session, line: string): Promise<Next> {
  const [name = '', ...rest] = line.split(/\s+/);
  const command = COMMANDS.find((candidate) => candidate.name === name.toLowerCase());
  if (command !== undefined) return command.run(session, rest.join(' '));
  const meant = nearest(
    name,
    COMMANDS.map((candidate) => candidate.name),
  );
  const hint = meant === null ? '.help lists what there is' : `did you mean ${meant}?`;
  throw new QuorliteError('invalid-request', `Cannot run ${name}: ${hint}`);
}

/** The commands that begin as `line` does, for the Tab key. */
export function completeDotCommand(line: string): readonly string[] {
  return COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(line));
}

async function help(session: Session): Promise<Next> {
  const lines = COMMANDS.map(({ name, argument, about }) => {
    return `${`${name} ${argument}`.padEnd(42)} ${about}\n`;
  });
  session.write(lines.join(''));
  return 'go on';
}

async function tables(session: Session): Promise<Next> {
  const names = await texts(
    session,
    `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND ${VISIBLE} ORDER BY name`,
  );
  session.write(names.map((name) => `${name}\n`).join(''));
  return 'go on';
}

async function schema(session: Session, argument: string): Promise<Next> {
  const name = argument.replace(/;$/, '').replaceAll("'", "''");
  const only = name === '' ? '' : ` AND tbl_name = '${name}' COLLATE NOCASE`;
  const statements = await texts(
    session,
    `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND ${VISIBLE}${only} ` +
      "ORDER BY tbl_name, type = 'table' DESC, name",
  );
  session.write(statements.map((sql) => `${sql};\n`).join(''));
  return 'go on';
}

async function nodes(session: Session): Promise<Next> {
  session.write(await session.connection.describeNodes());
  return 'go on';
}

async function status(session: Session): Promise<Next> {
  session.write(await session.connection.describeStatus());
  return 'go on';
}

async function leader(session: Session): Promise<Next> {
  session.write(await session.connection.describeLeader());
  return 'go on';
}

async function level(session: Session, argument: string): Promise<Next> {
  session.level = choose('.level', argument || session.level, READ_LEVELS);
  session.write(`level ${session.level}\n`);
  return 'go on';
}

async function mode(session: Session, argument: string): Promise<Next> {
  session.mode = choose('.mode', argument || session.mode, ROW_MODES);
  return 'go on';
}

async function timer(session: Session, argument: string): Promise<Next> {
  session.timer = choose('.timer', argument, ['on', 'off']) === 'on';
  return 'go on';
}

async function read(session: Session, argument: string): Promise<Next> {
  if (argument === '') throw new QuorliteError('invalid-request', 'Cannot read: name a file');
  const source = createReadStream(argument, { encoding: 'utf8' });
  await runScript(session, {
    name: argument,
    source,
    onProgress: () => undefined,
    onCommand: async (line) => runDotCommand(session, line),
  });
  return 'go on';
}

/** The first column of a statement. */
async function texts(session: Session, sql: string): Promise<readonly string[]> {
  const settings = { transaction: false, level: session.level };
  const [outcome] = await session.connection.run([sql], settings);
  if (outcome?.kind === 'error') throw new QuorliteError('sql', `Cannot list: ${outcome.message}`);
  return outcome?.kind === 'rows' ? outcome.rows.rows.map((row) => String(row[0])) : [];
}

function choose<T extends string>(command: string, word: string, words: readonly T[]): T {
  const chosen = words.find((candidate) => candidate === word.toLowerCase());
  if (chosen !== undefined) return chosen;
  throw new QuorliteError('invalid-request', `Cannot run ${command}: give ${words.join(', ')}`);
}
