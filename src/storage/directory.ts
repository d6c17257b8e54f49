import { decodeText, encodeText } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { ClusterId, Incarnation, NodeId } from '../base/ids.ts';
import { hexadecimal, type Random } from '../base/prng.ts';
import type { Disk } from './disk.ts';
import { parentOf, replaceFile } from './replace-file.ts';

/** Layout of a data directory; raised when an older quorlite must not touch a newer one. */
export const DIRECTORY_VERSION = 1;

const INCARNATION_DIGITS = 16;
const NODE_ID_LENGTH_MAX = 255;
const DATABASE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** What `quorlite.json` says. */
interface Identification {
  readonly formatVersion: number;
  readonly clusterId: ClusterId | null;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  /** The quorlite that made the directory, for people. */
  readonly createdBy: string;
}

/** How a data directory is opened. */
export interface DirectoryOptions {
  readonly disk: Disk;
  /** Made when it is not there; absolute, or relative to the working directory. */
  readonly path: string;
  readonly node: NodeId;
  /** The cluster the node is meant for; null when any will do. */
  readonly cluster: ClusterId | null;
  /** Makes the incarnation of a new directory. */
  readonly random: Random;
  /** Version of this quorlite. */
  readonly createdBy: string;
}

/** The data directory of a node: who it belongs to and where things are. */
export class DataDirectory {
  readonly path: string;
  /** True when this open made it. */
  readonly created: boolean;
  readonly #disk: Disk;
  #identification: Identification;

  /** Use `open`. */
  constructor(options: {
    readonly disk: Disk;
    readonly path: string;
    readonly created: boolean;
    readonly identification: Identification;
  }) {
    this.#disk = options.disk;
    this.path = options.path;
    this.created = options.created;
    this.#identification = options.identification;
  }

  /**
   * Opens the directory, or makes one with a new incarnation when there is none. Take the lock
   * first.
   *
   * @throws {QuorliteError} `wrong-version` when a newer quorlite made it, `configuration` when it
   *   belongs to another node or is no data directory, `wrong-cluster`, `disk`, `disk-full`
   */
  static open(options: DirectoryOptions): DataDirectory {
    const { disk, node, cluster } = options;
    const path = options.path.replace(/\/+$/, '') || '/';
    if (node === '' || node.length > NODE_ID_LENGTH_MAX) {
      throw new QuorliteError('configuration', `Cannot use node id "${node}": 1 to 255 characters`);
    }
    disk.makeDirectory(path);
    const file = `${path}/quorlite.json`;
    const created = !disk.exists(file);
    const identification = created
      ? createIdentification(options, path)
      : readIdentification(disk, file);
    const directory = new DataDirectory({ disk, path, created, identification });
    if (directory.node !== node) {
      throw new QuorliteError(
        'configuration',
        `Cannot open ${path} as node ${node}: it belongs to node ${directory.node}`,
      );
    }
    if (cluster !== null && directory.cluster !== null && directory.cluster !== cluster) {
      throw new QuorliteError(
        'wrong-cluster',
        `Cannot open ${path} for cluster ${cluster}: it belongs to cluster ${directory.cluster}`,
      );
    }
    for (const name of ['journal', 'snapshots', 'databases']) {
      disk.makeDirectory(`${path}/${name}`);
    }
    disk.syncDirectory(path);
    // Made by a process that was killed before it could say so.
    disk.syncDirectory(`${path}/databases`);
    return directory;
  }

  /** Null until the node belongs to a cluster. */
  get cluster(): ClusterId | null {
    return this.#identification.clusterId;
  }

  get node(): NodeId {
    return this.#identification.nodeId;
  }

  get incarnation(): Incarnation {
    return this.#identification.incarnation;
  }

  get metaPath(): string {
    return `${this.path}/meta`;
  }

  get journalPath(): string {
    return `${this.path}/journal`;
  }

  get snapshotsPath(): string {
    return `${this.path}/snapshots`;
  }

  get lockPath(): string {
    return `${this.path}/lock`;
  }

  /** The note that a database is known to be wrong; see `quarantine.ts`. */
  quarantinePath(name: string): string {
    return this.databasePath(name).replace(/main\.db$/, 'diverged.json');
  }

  /** The file of a database; its directory is made when it is not there. */
  databasePath(name: string): string {
    if (!DATABASE_NAME.test(name)) {
      throw new QuorliteError(
        'invalid-request',
        `Cannot use database name "${name}": letters, digits, "_", "-" and ".", at most 128`,
      );
    }
    const directory = `${this.path}/databases/${name}`;
    if (!this.#disk.exists(directory)) {
      this.#disk.makeDirectory(directory);
      // Entries are dropped from the journal for what is in here.
      this.#disk.syncDirectory(`${this.path}/databases`);
    }
    return `${directory}/main.db`;
  }

  /**
   * Writes down which cluster the node belongs to, durably; nothing when it is known already.
   *
   * @throws {QuorliteError} `wrong-cluster` when it belongs to another one
   */
  setCluster(cluster: ClusterId): void {
    if (this.cluster === cluster) return;
    if (this.cluster !== null) {
      throw new QuorliteError(
        'wrong-cluster',
        `Cannot join cluster ${cluster}: ${this.path} belongs to cluster ${this.cluster}`,
      );
    }
    const identification = { ...this.#identification, clusterId: cluster };
    writeIdentification(this.#disk, this.path, identification);
    this.#identification = identification;
  }
}

function createIdentification(options: DirectoryOptions, path: string): Identification {
  const { disk, node, cluster, random, createdBy } = options;
  const strangers = ['meta', 'journal', 'databases'].filter((name) =>
    disk.exists(`${path}/${name}`),
  );
  if (strangers.length > 0) {
    throw new QuorliteError(
      'configuration',
      `Cannot open ${path}: quorlite.json is missing beside ${strangers.join(', ')}. Restore it, ` +
        'or use an empty directory',
    );
  }
  const identification: Identification = {
    formatVersion: DIRECTORY_VERSION,
    clusterId: cluster,
    nodeId: node,
    incarnation: hexadecimal(random, INCARNATION_DIGITS),
    createdBy,
  };
  syncAbove(disk, path);
  writeIdentification(disk, path, identification);
  return identification;
}

/** The directory itself, and those above it, may be as new as what goes into it. */
function syncAbove(disk: Disk, path: string): void {
  for (let below = path, above = parentOf(path); above !== below; above = parentOf(above)) {
    try {
      disk.syncDirectory(above);
    } catch (error) {
      if (isBroken(error)) throw error;
      // Not ours to read, or not to be synced: so it was there before.
      return;
    }
    below = above;
  }
}

/** A disk that fails, and not a directory that may not be synced. */
function isBroken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return !(cause instanceof Error && 'code' in cause && cause.code !== 'EIO');
}

function writeIdentification(disk: Disk, path: string, identification: Identification): void {
  const text = `${JSON.stringify(identification, null, 2)}\n`;
  replaceFile(disk, `${path}/quorlite.json`, encodeText(text));
}

function readIdentification(disk: Disk, file: string): Identification {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(disk.readAll(file)));
  } catch (cause) {
    throw new QuorliteError('corrupt', `Cannot read ${file}: it is not JSON`, { cause });
  }
  const fields: { readonly [field: string]: unknown } =
    typeof json === 'object' && json !== null ? { ...json } : {};
  const { formatVersion, clusterId, nodeId, incarnation, createdBy } = fields;
  if (typeof formatVersion === 'number' && formatVersion > DIRECTORY_VERSION) {
    throw new QuorliteError(
      'wrong-version',
      `Cannot open ${file}: it was made by quorlite ${String(createdBy)} with format ` +
        `${formatVersion}, this quorlite reads ${DIRECTORY_VERSION}. Use a newer quorlite`,
    );
  }
  if (
    formatVersion !== DIRECTORY_VERSION ||
    typeof nodeId !== 'string' ||
    typeof incarnation !== 'string' ||
    (clusterId !== null && typeof clusterId !== 'string')
  ) {
    throw new QuorliteError('corrupt', `Cannot read ${file}: fields are missing`);
  }
  const by = typeof createdBy === 'string' ? createdBy : '';
  return { formatVersion, clusterId, nodeId, incarnation, createdBy: by };
}
