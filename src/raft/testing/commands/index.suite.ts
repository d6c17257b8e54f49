import type { Command } from '../script.suite.ts';
import { addNode } from './add-node.suite.ts';
import { addNodes } from './add-nodes.suite.ts';
import { change } from './change.suite.ts';
import { close } from './close.suite.ts';
import { compact } from './compact.suite.ts';
import { crash } from './crash.suite.ts';
import { deliver } from './deliver.suite.ts';
import { drop } from './drop.suite.ts';
import { elect } from './elect.suite.ts';
import { heal } from './heal.suite.ts';
import { ioDone } from './io-done.suite.ts';
import { io } from './io.suite.ts';
import { lease } from './lease.suite.ts';
import { log } from './log.suite.ts';
import { partition } from './partition.suite.ts';
import { pass } from './pass.suite.ts';
import { propose } from './propose.suite.ts';
import { read } from './read.suite.ts';
import { restart } from './restart.suite.ts';
import { run } from './run.suite.ts';
import { snapshot } from './snapshot.suite.ts';
import { stabilize } from './stabilize.suite.ts';
import { status } from './status.suite.ts';
import { tick } from './tick.suite.ts';
import { timeout } from './timeout.suite.ts';
import { transfer } from './transfer.suite.ts';

/** Everything a script can say. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  'add-node': addNode,
  'add-nodes': addNodes,
  'io-done': ioDone,
  change,
  close,
  compact,
  crash,
  deliver,
  drop,
  elect,
  heal,
  io,
  lease,
  log,
  partition,
  pass,
  propose,
  read,
  restart,
  run,
  snapshot,
  stabilize,
  status,
  tick,
  timeout,
  transfer,
};
