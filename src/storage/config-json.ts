import { decodeText, encodeText } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { Config, Member } from '../raft/config.ts';

const VERSION = 1;

/** A configuration as the JSON that stands in journals and snapshots. */
export interface ConfigJson extends Config {
  readonly version: number;
}

/**
 * A configuration as versioned JSON, fields in a fixed order: equal configurations, equal bytes.
 */
export function configToJson(config: Config): ConfigJson {
  return {
    version: VERSION,
    voters: config.voters,
    votersOutgoing: config.votersOutgoing,
    learners: config.learners,
    learnersNext: config.learnersNext,
    autoLeave: config.autoLeave,
    members: config.members.map(({ id, incarnation, peerAddress, clientAddress }) => ({
      id,
      incarnation,
      peerAddress,
      clientAddress,
    })),
  };
}

/**
 * The configuration in `json`.
 *
 * @throws {QuorliteError} `wrong-version` when a newer quorlite wrote it, `corrupt` when it is none
 */
export function configFromJson(json: unknown): Config {
  const fields = asObject(json);
  const { version, autoLeave, members } = fields;
  if (typeof version === 'number' && version > VERSION) {
    throw new QuorliteError(
      'wrong-version',
      `Cannot read a group's members: version ${version} is newer than ${VERSION}`,
    );
  }
  if (version !== VERSION || typeof autoLeave !== 'boolean' || !Array.isArray(members)) {
    throw notConfig();
  }
  return {
    voters: texts(fields['voters']),
    votersOutgoing: texts(fields['votersOutgoing']),
    learners: texts(fields['learners']),
    learnersNext: texts(fields['learnersNext']),
    autoLeave,
    members: members.map(memberFromJson),
  };
}

/** The bytes of `configToJson`. */
export function encodeConfig(config: Config): Uint8Array {
  return encodeText(JSON.stringify(configToJson(config)));
}

/** The other way; throws like `configFromJson`. */
export function decodeConfig(bytes: Uint8Array): Config {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(bytes));
  } catch (cause) {
    throw new QuorliteError('corrupt', `Cannot read a group's members: not JSON`, { cause });
  }
  return configFromJson(json);
}

function memberFromJson(json: unknown): Member {
  const fields = asObject(json);
  return {
    id: text(fields['id']),
    incarnation: text(fields['incarnation']),
    peerAddress: text(fields['peerAddress']),
    clientAddress: text(fields['clientAddress']),
  };
}

function asObject(json: unknown): { readonly [field: string]: unknown } {
  if (typeof json !== 'object' || json === null) throw notConfig();
  return { ...json };
}

function texts(json: unknown): string[] {
  if (!Array.isArray(json)) throw notConfig();
  return json.map(text);
}

function text(json: unknown): string {
  if (typeof json !== 'string') throw notConfig();
  return json;
}

function notConfig(): QuorliteError {
  return new QuorliteError('corrupt', `Cannot read a group's members: fields are missing`);
}
