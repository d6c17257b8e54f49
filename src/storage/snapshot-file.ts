import { decodeText, encodeText } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import type { Config } from '../raft/config.ts';
import type { Position } from '../raft/entry.ts';
import { configFromJson, configToJson } from './config-json.ts';

/** Format of the JSON beside a snapshot. */
export const SNAPSHOT_VERSION = 1;

/** What a snapshot is, without where it is: what a sender offers. */
export interface SnapshotOffer {
  /** SHA-256 of the file, 64 hexadecimal digits: equal ids, equal bytes. */
  readonly id: string;
  readonly group: GroupId;
  /** The last entry whose effects are in it. */
  readonly position: Position;
  /** The configuration in force there. */
  readonly config: Config;
  readonly size: number;
}

/** A complete snapshot in the store. */
export interface Snapshot extends SnapshotOffer {
  readonly path: string;
}

const ID = /^[0-9a-f]{64}$/;

/** File name without its ending: `<group>-<index>-<term>-<first digits of the hash>`. */
export function snapshotName(offer: SnapshotOffer): string {
  const { group, position, id } = offer;
  return `${group}-${position.index}-${position.term}-${id.slice(0, 16)}`;
}

/** Whether an offer from elsewhere can be one. */
export function isOffer({ id, size, group, position }: SnapshotOffer): boolean {
  const numbers = [size, group, position.index, position.term];
  return ID.test(id) && numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
}

/** The JSON beside a snapshot. */
export function encodeSnapshot(offer: SnapshotOffer): Uint8Array {
  const { id, group, position, config, size } = offer;
  const json = { formatVersion: SNAPSHOT_VERSION, group, ...position, size, sha256: id };
  return encodeText(`${JSON.stringify({ ...json, config: configToJson(config) }, null, 2)}\n`);
}

/**
 * Reads the JSON beside a snapshot.
 *
 * @throws {QuorliteError} `corrupt`, `wrong-version`
 */
export function decodeSnapshot(bytes: Uint8Array, path: string): SnapshotOffer {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(bytes));
  } catch (cause) {
    throw new QuorliteError('corrupt', `Cannot read ${path}: it is not JSON`, { cause });
  }
  const fields: { readonly [field: string]: unknown } =
    typeof json === 'object' && json !== null ? { ...json } : {};
  const { formatVersion, group, index, term, size, sha256, config } = fields;
  if (typeof formatVersion === 'number' && formatVersion > SNAPSHOT_VERSION) {
    throw new QuorliteError(
      'wrong-version',
      `Cannot read ${path}: it has format ${formatVersion}, ` +
        `this quorlite reads ${SNAPSHOT_VERSION}`,
    );
  }
  if (
    formatVersion !== SNAPSHOT_VERSION ||
    typeof group !== 'number' ||
    typeof index !== 'number' ||
    typeof term !== 'number' ||
    typeof size !== 'number' ||
    typeof sha256 !== 'string'
  ) {
    throw new QuorliteError('corrupt', `Cannot read ${path}: fields are missing`);
  }
  return { id: sha256, group, position: { index, term }, config: configFromJson(config), size };
}
