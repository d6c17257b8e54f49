/**
 * Options, declared once. Flags, `QUORLITE_*` variables, keys of the TOML file, `--help` and the
 * types of the values all come from one table per command. What is given in several places is
 * taken from the flag, then the variable, then the file, then the default.
 */
import { QuorliteError, messageOf } from '../../base/errors.ts';
import type { ConfigFile } from './file.ts';
import { ValueError, type ValueType } from './value.ts';

/** One option; its name is its key in the table, in camel case. */
export interface OptionSpec<V> {
  readonly about: string;
  /** The heading it stands under in the help. */
  readonly group: string;
  readonly placeholder: string;
  readonly limit: string;
  /** The default as a user would write it; empty when there is none. */
  readonly defaultText: string;
  readonly parse: (text: string) => V;
  readonly missing: () => V;
}

/** The options of one command, whose values are a `V`. */
export type OptionTable<V> = { readonly [Name in keyof V]: OptionSpec<V[Name]> };

/** Where values come from. */
export interface OptionSources {
  /** As given on the command line, by name in camel case. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables are this and the name: `QUORLITE_` makes `QUORLITE_HTTP_ADVERTISE`. */
  readonly envPrefix: string;
  readonly file: ConfigFile | null;
}

/** Prose about an option. */
export interface OptionText {
  readonly about: string;
  readonly group?: string;
}

/** An option with a default, written as a user would write it. */
export function option<V>(
  type: ValueType<V>,
  settings: OptionText & { readonly default: string },
): OptionSpec<V> {
  return {
    about: settings.about,
    group: settings.group ?? 'Options:',
    placeholder: type.placeholder,
    limit: type.limit,
    defaultText: settings.default,
    parse: (text) => type.parse(text),
    missing: () => type.parse(settings.default),
  };
}

/** An option that is null unless given. */
export function optional<V>(type: ValueType<V>, settings: OptionText): OptionSpec<V | null> {
  return {
    about: settings.about,
    group: settings.group ?? 'Options:',
    placeholder: type.placeholder,
    limit: type.limit,
    defaultText: '',
    parse: (text) => type.parse(text),
    missing: () => null,
  };
}

/**
 * The value of every option of `table`.
 *
 * @throws {QuorliteError} `configuration`, naming the flag, the variable or the line of the file
 */
export function resolveOptions<V>(table: OptionTable<V>, sources: OptionSources): V {
  const specs = optionEntries(table);
  const keys = specs.map(([name]) => kebabCase(name)).filter((key) => key !== 'config');
  sources.file?.refuseUnknownKeys(keys);
  return Object.fromEntries(specs.map(([name, spec]) => [name, resolve(name, spec, sources)])) as V;
}

/** The options of a table, each with its name in camel case. */
export function optionEntries<V>(
  table: OptionTable<V>,
): readonly (readonly [name: string, spec: OptionSpec<unknown>])[] {
  return Object.entries<OptionSpec<unknown>>(table);
}

/** `httpAdvertise` as a flag and a key of the file: `http-advertise`. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `httpAdvertise` as a variable: `QUORLITE_HTTP_ADVERTISE`. */
export function variableName(prefix: string, name: string): string {
  return prefix + kebabCase(name).replaceAll('-', '_').toUpperCase();
}

function resolve(name: string, spec: OptionSpec<unknown>, sources: OptionSources): unknown {
  const flag = sources.flags[name];
  if (flag !== undefined) return parse(spec, flag, `--${kebabCase(name)} ${flag}`);
  const variable = variableName(sources.envPrefix, name);
  const fromEnv = sources.env[variable];
  // An empty variable is how compose files and unit files say "not set".
  if (fromEnv !== undefined && fromEnv !== '') {
    return parse(spec, fromEnv, `${variable}=${fromEnv}`);
  }
  const entry = sources.file?.get(kebabCase(name)) ?? null;
  if (entry !== null) return parse(spec, entry.text, `${entry.key} in ${entry.place}`);
  return spec.missing();
}

function parse(spec: OptionSpec<unknown>, text: string, source: string): unknown {
  try {
    if (text === '') throw new ValueError('it is empty');
    return spec.parse(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new QuorliteError('configuration', `Cannot use ${source}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
