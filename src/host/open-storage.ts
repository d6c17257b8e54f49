import { decodeText } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { QuorliteError } from '../base/errors.ts';
import type { GroupId, NodeId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/prng.ts';
import { DataDirectory } from '../storage/directory.ts';
import type { Disk } from '../storage/disk.ts';
import { Journal, JOURNAL_DEFAULTS } from '../storage/journal.ts';
import { QuarantineNote } from '../storage/quarantine.ts';
import type { RestoredGroup } from './node-host.ts';

/** How a node's storage is opened; the data directory's lock is held by the caller. */
export interface StorageOptions {
  readonly disk: Disk;
  readonly path: string;
  /** Null: the one the directory has, else `defaultId`. */
  readonly id: NodeId | null;
  readonly defaultId: NodeId;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The simulator writes small segments and never syncs on the thread. */
  readonly journal: Partial<typeof JOURNAL_DEFAULTS>;
  readonly onFatal: (error: QuorliteError) => void;
  readonly onSpace: (low: boolean) => void;
}

/** What a node remembers. */
export interface NodeStorage {
  readonly directory: DataDirectory;
  readonly journal: Journal;
  /** Whether the database is known to be wrong. */
  readonly quarantine: QuarantineNote;
  /** The log of a group; null when there is none. */
  restored(group: GroupId): RestoredGroup | null;
}

/**
 * Opens a data directory and recovers its journal.
 *
 * @throws {QuorliteError} as `DataDirectory.open` and `Journal.open` do
 */
export function openStorage(options: StorageOptions): NodeStorage {
  const { disk, clock, random, logger, path, version } = options;
  const node = options.id ?? storedId(disk, path) ?? options.defaultId;
  const directory = DataDirectory.open({
    disk,
    path,
    node,
    cluster: null,
    random,
    createdBy: version,
  });
  const { cluster, incarnation } = directory;
  const { journal, groups, report } = Journal.open({
    ...JOURNAL_DEFAULTS,
    ...options.journal,
    disk,
    clock,
    directory: directory.journalPath,
    metaPath: directory.metaPath,
    identity: { cluster, node, incarnation },
    onFatal: options.onFatal,
    onSpace: options.onSpace,
  });
  for (const finding of report.findings) {
    logger.warn?.(`Journal: ${finding.message}`, { ...finding });
  }
  return {
    directory,
    journal,
    quarantine: new QuarantineNote(disk, directory.quarantinePath('main')),
    restored: (group) => {
      const known = groups.get(group);
      if (known !== undefined || report.unknownGroups === null) return known ?? null;
      const hardState = { term: 0, vote: null };
      return { hardState, mark: null, entries: [], commit: 0, recovering: report.unknownGroups };
    },
  };
}

/** The id a data directory was made with; null when there is none. */
function storedId(disk: Disk, path: string): NodeId | null {
  const file = `${path}/quorlite.json`;
  if (!disk.exists(file)) return null;
  try {
    const stored: unknown = JSON.parse(decodeText(disk.readAll(file)));
    const id = typeof stored === 'object' && stored !== null && 'nodeId' in stored && stored.nodeId;
    return typeof id === 'string' ? id : null;
  } catch {
    // Opening the directory reports what is wrong with the file.
    return null;
  }
}
