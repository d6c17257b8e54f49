import assert from 'node:assert/strict';
import { closeSync, cpSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

import { until } from '../cluster/nodes.ts';
import { FaultCluster, loopbackSpecs, QUICK_ELECTIONS } from './cluster.ts';
import { isolatedTest, run } from './isolated.ts';
import { Load } from './load.ts';
import { type Answered, isAcknowledged, numberIn, read, write } from './sql.ts';

const file = import.meta.filename;
const NEEDS = 'mount -t tmpfs -o size=1m tmpfs /tmp';
const MIB = 1024 * 1024;
/** Room for a journal, which is four segments of 16 MiB after a restart, and for a database. */
const NODE_MIB = 128;
/** Room for those segments and not for a fifth. */
const JOURNAL_MIB = 4 * 16 + 4;
const ROW_BYTES = 256 * 1024;

/** A folder on a file system of its own, of some MiB, that others can fill. */
class SmallDisk {
  readonly #at: string;
  readonly #ballast: string;

  /** What the folder holds moves there. */
  constructor(at: string, sizeMib: number) {
    this.#at = at;
    this.#ballast = path.join(at, 'ballast');
    const before = `${at}.before`;
    renameSync(at, before);
    mkdirSync(at);
    run('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', at);
    cpSync(before, at, { recursive: true });
    rmSync(before, { recursive: true });
  }

  /** Somebody else writes until there is no byte left; `spareBytes` of it are given back. */
  fill(spareBytes: number): void {
    const piece = new Uint8Array(64 * 1024);
    const ballast = openSync(this.#ballast, 'a');
    try {
      for (let written = piece.length; written === piece.length;) {
        written = writeSync(ballast, piece);
      }
    } catch (error) {
      assert.equal((error as { readonly code?: string }).code, 'ENOSPC');
    } finally {
      closeSync(ballast);
    }
    if (spareBytes > 0) run('truncate', '--size', `-${spareBytes}`, this.#ballast);
  }

  /** Somebody else cleans up. */
  free(): void {
    rmSync(this.#ballast);
  }

  resize(sizeMib: number): void {
    run('mount', '-o', `remount,size=${sizeMib}m`, this.#at);
  }

  /** Takes it out of the tree, so that the tree can be removed; who uses it is killed later. */
  [Symbol.dispose](): void {
    run('umount', '--lazy', this.#at);
  }
}

/** Nodes of which a folder, or everything, is on small disks. */
interface SmallCluster extends AsyncDisposable {
  readonly cluster: FaultCluster;
  readonly disks: readonly SmallDisk[];
}

/** Three nodes with the table `t`; this folder of `which` of them moves to a small disk. */
async function startOnSmallDisks(
  folder: string,
  sizeMib: number,
  which: readonly number[] = [0, 1, 2],
): Promise<SmallCluster> {
  await using undo = new AsyncDisposableStack();
  const cluster = undo.use(
    await FaultCluster.start((directory) =>
      loopbackSpecs(directory, [...QUICK_ELECTIONS, '--log-level', 'info']),
    ),
  );
  await makeTable(cluster);
  await cluster.kill(...which);
  const disks = which.map((at) =>
    undo.use(new SmallDisk(path.join(cluster.node(at).spec.directory, folder), sizeMib)),
  );
  await cluster.restart(...which);
  cluster.exits.length = 0;
  const kept = undo.move();
  return { cluster, disks, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function makeTable(cluster: FaultCluster): Promise<void> {
  const statement = 'CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)';
  const answer = await write(cluster.url(0), [statement]);
  assert.ok(isAcknowledged(answer), answer.text);
}

/** A write of a quarter MiB in the log, and as much in the database. */
async function writeRow(url: string, id: number): Promise<Answered> {
  return write(url, [`INSERT INTO t VALUES (${id}, '${'x'.repeat(ROW_BYTES)}')`]);
}

/** Waits until a write is refused for want of space, and checks what its client is told. */
async function refused(cluster: FaultCluster): Promise<void> {
  const answer = await until('writes to be refused', async () => {
    const tried = await write(cluster.url(0), ['UPDATE t SET id = id WHERE 0']);
    return isAcknowledged(tried) ? null : tried;
  });
  assert.equal(answer.code, 'disk-full', answer.text);
  assert.match(answer.text, /database or disk is full: .*disk of the leader is full\. Free some/);
}

/**
 * Waits until two of the nodes have stopped, as they do when they cannot apply what is committed.
 * The third may not know that it is: it is killed.
 */
async function majorityStopped(cluster: FaultCluster): Promise<void> {
  await until('two nodes to stop', () => (cluster.exits.length >= 2 ? true : null));
  for (const { code, lastLines } of cluster.exits.splice(0)) {
    assert.equal(code, 70);
    assert.match(lastLines.join('\n'), /Cannot go on: .*full.*Free some space and start/);
  }
  await cluster.kill(0, 1, 2);
  cluster.exits.length = 0;
}

async function countRows(url: string): Promise<number | null> {
  return numberIn(await read(url, 'linearizable', 'SELECT count(*) FROM t'));
}

isolatedTest({
  file,
  name: 'L6: nearly full disks: writes are refused, reads go on, and writes when there is space',
  own: 'mounts',
  needs: NEEDS,
  scenario: async () => {
    await using started = await startOnSmallDisks('', NODE_MIB);
    const { cluster, disks } = started;
    await using load = await Load.start(cluster.urls);
    await load.acknowledges(50);
    for (const disk of disks) disk.fill(8 * MIB);
    await refused(cluster);
    const { at: leader } = await cluster.leader();
    assert.match(cluster.output(leader), /The disk is full: writes are refused until/);
    for (const url of cluster.urls) assert.equal(await countRows(url), 0);
    assert.equal((await cluster.state(leader))?.diskLow, true);
    for (const disk of disks) disk.free();
    await load.acknowledges(50);
    await load.judge(cluster.urls);
    assert.deepEqual(cluster.exits, [], 'no node had to stop');
  },
});

isolatedTest({
  file,
  name: 'L6: a change larger than the disks: all nodes stop and go on once there is space',
  own: 'mounts',
  needs: NEEDS,
  scenario: async () => {
    await using started = await startOnSmallDisks('', NODE_MIB);
    const { cluster, disks } = started;
    await using load = await Load.start(cluster.urls);
    await load.acknowledges(50);
    const large = `INSERT INTO t VALUES (1, zeroblob(${NODE_MIB * MIB}))`;
    const answer = await write(cluster.url(0), [large]);
    assert.ok(answer.status === 0 || answer.code === 'unknown-outcome', JSON.stringify(answer));
    await majorityStopped(cluster);
    await load.stop();
    // Without more space they stop again, for the same reason, however often they are started.
    for (const node of cluster.nodes) node.start();
    await majorityStopped(cluster);
    for (const disk of disks) disk.resize(4 * NODE_MIB);
    await cluster.restart(0, 1, 2);
    assert.equal(await countRows(cluster.url(0)), 1);
    await load.judge(cluster.urls);
  },
});

isolatedTest({
  file,
  name: 'L6: journals that cannot grow: writes are refused, after a restart too',
  own: 'mounts',
  needs: NEEDS,
  scenario: async () => {
    await using started = await startOnSmallDisks('journal', JOURNAL_MIB);
    const { cluster, disks } = started;
    let rows = 0;
    for (let full = false; !full;) {
      const answer = await writeRow(cluster.url(rows % 3), rows);
      full = answer.code === 'disk-full';
      if (!full) assert.ok(isAcknowledged(answer), answer.text);
      if (!full) rows++;
    }
    await refused(cluster);
    for (const url of cluster.urls) assert.equal(await countRows(url), rows);
    await cluster.kill(0, 1, 2);
    await cluster.restart(0, 1, 2);
    await refused(cluster);
    assert.equal(await countRows(cluster.url(0)), rows);
    for (const disk of disks) disk.resize(256);
    await until('writes to go on', async () =>
      isAcknowledged(await writeRow(cluster.url(0), rows)) ? true : null,
    );
    for (const url of cluster.urls) assert.equal(await countRows(url), rows + 1);
    const signals = cluster.exits.map(({ signal }) => signal);
    assert.deepEqual(signals, ['SIGKILL', 'SIGKILL', 'SIGKILL'], 'no node stopped by itself');
  },
});

isolatedTest({
  file,
  name: 'L6: a follower that cannot write its journal stops, says what to do, and catches up',
  own: 'mounts',
  needs: NEEDS,
  scenario: async () => {
    await using started = await startOnSmallDisks('journal', JOURNAL_MIB, [0]);
    const { cluster, disks } = started;
    const lead = await cluster.leader();
    // The one with the small disk must follow: hand over when it leads.
    if (lead.at === 0) await fetch(`${cluster.url(0)}/leader?wait`, { method: 'POST' });
    await cluster.leader();
    let rows = 0;
    while (cluster.exits.length === 0) {
      const answer = await writeRow(cluster.url(1), rows);
      assert.ok(isAcknowledged(answer), answer.text);
      rows++;
    }
    const [exit] = cluster.exits;
    assert.equal(exit?.id, 'n1');
    assert.equal(exit?.code, 70);
    assert.match(exit?.lastLines.join('\n') ?? '', /Cannot go on: .*no space.*Free some.*start/);
    for (const disk of disks) disk.resize(256);
    await cluster.restart(0);
    for (const url of cluster.urls) assert.equal(await countRows(url), rows);
  },
});
