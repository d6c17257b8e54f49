import { Cluster } from './cluster.suite.ts';
import { COMMANDS } from './commands/index.suite.ts';

/** A command of a script, taken apart: `deliver n1 kind=vote`. */
export class Words {
  readonly command: string;
  readonly plain: readonly string[];
  readonly named: ReadonlyMap<string, string>;

  constructor(line: string) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    this.command = words[0] ?? '';
    this.plain = words.slice(1).filter((word) => !word.includes('='));
    this.named = new Map(
      words
        .filter((word) => word.includes('='))
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    );
  }

  /** The plain word at a place, which must be there. */
  word(at: number): string {
    const word = this.plain[at];
    if (word === undefined) throw new Error(`${this.command} needs ${at + 1} words`);
    return word;
  }

  /** The plain word at a place, as a number. */
  number(at: number): number {
    return Number(this.word(at));
  }
}

/** What a command does; the lines it returns follow those the cores caused. */
export type Command = (cluster: Cluster, words: Words) => readonly string[];

/**
 * Runs a script and returns it with the output that was seen: comments and commands, `----`,
 * output, an empty line, and so on. Equal to the script when all is as it should be.
 */
export function runScript(script: string): string {
  const cluster = new Cluster();
  const blocks = script.trimEnd().split(/\n{2,}/);
  return `${blocks.map((block) => runBlock(cluster, block)).join('\n\n')}\n`;
}

function runBlock(cluster: Cluster, block: string): string {
  const lines = block.split('\n');
  const end = lines.indexOf('----');
  const input = end < 0 ? lines : lines.slice(0, end);
  const commands = input.filter((line) => line !== '' && !line.startsWith('#'));
  if (commands.length === 0) return block;
  const output = commands.flatMap((line) => runCommand(cluster, line));
  return [...input, '----', ...(output.length > 0 ? output : ['ok'])].join('\n');
}

function runCommand(cluster: Cluster, line: string): string[] {
  const words = new Words(line);
  const command = COMMANDS[words.command];
  if (command === undefined) throw new Error(`There is no command ${words.command}`);
  cluster.trace = [];
  const said = command(cluster, words);
  return [...cluster.trace, ...said];
}
