import { Option, type Command } from 'commander';

import { readConfigFile } from './options/file.ts';
import {
  kebabCase,
  optionEntries,
  resolveOptions,
  variableName,
  type OptionSpec,
  type OptionTable,
} from './options/table.ts';

/** A command as declared: everything `--help` shows, and what to do. */
export interface CommandSpec<V> {
  readonly name: string;
  readonly summary: string;
  /** What a reader of its help should know beyond the options. */
  readonly notes: string;
  /** The argument as help shows it, such as `[url]`, and its explanation; null when none. */
  readonly argument: { readonly name: string; readonly about: string } | null;
  readonly options: OptionTable<V>;
  /** `QUORLITE_` or longer. */
  readonly envPrefix: string;
  /** @returns the exit code */
  readonly run: (options: V, argument: string | null) => Promise<number>;
}

/** Adds a command to the program; `onExit` hears its exit code. */
export function addCommand<V>(
  program: Command,
  spec: CommandSpec<V>,
  onExit: (code: number) => void,
): void {
  const command = program.command(spec.name).summary(spec.summary).description(spec.summary);
  if (spec.argument !== null) command.argument(spec.argument.name, spec.argument.about);
  for (const [name, option] of optionEntries(spec.options)) {
    command.addOption(toFlag(name, option));
  }
  command.addHelpText('after', () => `\n${spec.notes}${sourcesNote(spec)}`);
  command.allowExcessArguments(false);
  command.action(async (...all: readonly unknown[]) => {
    const argument = spec.argument !== null && typeof all[0] === 'string' ? all[0] : null;
    onExit(await spec.run(resolve(spec, command.opts()), argument));
  });
}

function resolve<V>(spec: CommandSpec<V>, flags: Readonly<Record<string, string | undefined>>): V {
  const sources = { flags, env: process.env, envPrefix: spec.envPrefix };
  const file = configPath(spec, flags);
  return resolveOptions(spec.options, {
    ...sources,
    file: file === null ? null : readConfigFile(file),
  });
}

/** Where the file is comes from a flag or a variable, before the file can be asked for the rest. */
function configPath<V>(
  spec: CommandSpec<V>,
  flags: Readonly<Record<string, string | undefined>>,
): string | null {
  if (!('config' in spec.options)) return null;
  const variable = process.env[variableName(spec.envPrefix, 'config')] ?? '';
  return flags['config'] ?? (variable === '' ? null : variable);
}

function toFlag(name: string, spec: OptionSpec<unknown>): Option {
  const extra = [spec.defaultText === '' ? '' : `default: ${spec.defaultText}`, spec.limit].filter(
    (part) => part !== '',
  );
  const about = extra.length === 0 ? spec.about : `${spec.about} (${extra.join('; ')})`;
  const flag = new Option(`--${kebabCase(name)} <${spec.placeholder}>`, about);
  if (spec.group !== 'Options:') flag.helpGroup(spec.group);
  // A repeated flag is one list; options that are not lists refuse the comma themselves.
  return flag.argParser((value, previous: string | undefined) =>
    previous === undefined || !spec.placeholder.endsWith('…') ? value : `${previous},${value}`,
  );
}

function sourcesNote<V>(spec: CommandSpec<V>): string {
  const name = Object.keys(spec.options).at(-1);
  if (name === undefined) return '';
  const file = 'config' in spec.options ? `, or a line ${kebabCase(name)} = "…" of the file` : '';
  return (
    `\nAny option can also be a variable (${variableName(spec.envPrefix, name)})${file}.\n` +
    'A flag wins over a variable, a variable over the file.\n'
  );
}
