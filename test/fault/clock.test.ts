import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { until } from '../cluster/nodes.ts';
import { FaultCluster, loopbackSpecs } from './cluster.ts';
import { Load } from './load.ts';
import { isAcknowledged, numberIn, read, write } from './sql.ts';

/** Where Debian, Fedora and Homebrew put it; the variant for programs with threads. */
const FAKETIME_NAME = 'libfaketimeMT.so.1';
const HOUR_S = 3600;
const STEP_S = 5 * HOUR_S;

function findFaketime(): string | null {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const below = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  const candidates = [...folders, ...below.map((name) => path.join('/usr/lib', name))];
  const paths = candidates.map((folder) => path.join(folder, 'faketime', FAKETIME_NAME));
  return paths.find((file) => existsSync(file)) ?? null;
}

/** Calendars of nodes that can be set while they run; their monotonic clocks go on as they are. */
class Calendars {
  readonly #directory: string;
  readonly #library: string;

  constructor(directory: string, library: string) {
    this.#directory = directory;
    this.#library = library;
  }

  /** Words that start a node with its own calendar. */
  prefix(at: number): readonly string[] {
    this.set(at, 0);
    return [
      'env',
      `LD_PRELOAD=${this.#library}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file(at)}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
      // Times of files stay true: nothing of ours reads them.
      'NO_FAKE_STAT=1',
    ];
  }

  /** Sets a node's calendar this many seconds off the truth. */
  set(at: number, offsetS: number): void {
    writeFileSync(this.#file(at), `${offsetS < 0 ? '' : '+'}${offsetS}`);
  }

  #file(at: number): string {
    return path.join(this.#directory, `calendar-${at}`);
  }
}

/** The calendar of an entry written now, in seconds off the truth. */
async function stampOffset(url: string): Promise<number> {
  const answer = await write(url, [`INSERT INTO stamps(at) VALUES (unixepoch('now'))`]);
  assert.ok(isAcknowledged(answer), answer.text);
  const last = await read(url, 'linearizable', 'SELECT at FROM stamps ORDER BY id DESC LIMIT 1');
  return (numberIn(last) ?? NaN) - Date.now() / 1000;
}

function assertNear(offsetS: number, expectedS: number, when: string): void {
  assert.ok(Math.abs(offsetS - expectedS) < 60, `${when}: 'now' is ${offsetS} s off the truth`);
}

const library = findFaketime();
const skip = library === null && `${FAKETIME_NAME} is not installed (Debian: libfaketime)`;

test('D9: a calendar that jumps hours moves no election and no write', { skip }, async () => {
  let calendars: Calendars | null = null;
  await using cluster = await FaultCluster.start(async (directory) => {
    calendars = new Calendars(directory, library ?? '');
    const specs = await loopbackSpecs(directory);
    return specs.map((spec, at) => ({ ...spec, prefix: calendars?.prefix(at) ?? [] }));
  });
  assert.ok(calendars !== null);
  const clocks: Calendars = calendars;
  const lead = await cluster.leader();
  const url = cluster.url(lead.at);
  await using load = await Load.start(cluster.urls);
  const table = await write(url, ['CREATE TABLE stamps (id INTEGER PRIMARY KEY, at INTEGER)']);
  assert.ok(isAcknowledged(table), table.text);
  assertNear(await stampOffset(url), 0, 'before');

  clocks.set(lead.at, STEP_S);
  // The node's own calendar did jump, or nothing below means anything.
  await until('the calendar of the leader to be ahead', async () => {
    const { node } = (await (await fetch(`${url}/status`)).json()) as {
      readonly node: { readonly current_time: string };
    };
    return Date.parse(node.current_time) > Date.now() + HOUR_S * 1000 ? true : null;
  });
  assertNear(await stampOffset(url), STEP_S, 'hours ahead');
  await load.acknowledges(100);

  clocks.set(lead.at, -STEP_S);
  await load.acknowledges(100);
  // `now` never runs backward in the log of one leader: it stands until the calendar is past it.
  assertNear(await stampOffset(url), STEP_S, 'set back');
  assert.deepEqual(await cluster.leader(), lead, 'a calendar caused an election');

  const [follower = -1] = cluster.others(lead.at);
  clocks.set(follower, STEP_S);
  await load.acknowledges(50);
  clocks.set(follower, -STEP_S);
  await load.acknowledges(50);
  assert.deepEqual(await cluster.leader(), lead, "a follower's calendar caused an election");
  const order = await read(
    url,
    'linearizable',
    'SELECT count(*) FROM stamps a JOIN stamps b ON b.id = a.id + 1 WHERE b.at < a.at',
  );
  assert.equal(numberIn(order), 0, 'now ran backward');
  await load.judge(cluster.urls);
});
