// The architecture, as data. A room is a folder of src/ with one charge; it may import itself and
// the rooms on its line, and nothing else of ours. Rooms stand in the order in which imports may
// go: a room names only rooms above it. A new edge is a decision: make it here, with its reason.

/** What one room may know. */
export interface Room {
  /** The other rooms it may import. */
  readonly imports: readonly string[];
  /** A thinking room: pure and synchronous, so it imports no package and nothing of Node's. */
  readonly thinking?: true;
}

/** Every room of src/; `index.ts` is the embedded library, the one file that is not in a room. */
export const ROOMS: Readonly<Record<string, Room>> = {
  base: { imports: [], thinking: true },

  // Thinking.
  raft: { imports: ['base'], thinking: true },
  chain: { imports: ['base'], thinking: true },
  sql: { imports: ['base'], thinking: true },
  command: { imports: ['base'], thinking: true },
  result: { imports: ['base'], thinking: true },

  // Doing.
  storage: { imports: ['base', 'raft'] },
  peer: { imports: ['base', 'raft', 'chain'] },
  sqlite: { imports: ['base', 'sql', 'command', 'result'] },
  kv: { imports: ['base', 'command'] },

  // Driving.
  replica: { imports: ['base', 'raft', 'chain', 'storage', 'peer'] },
  // The host makes cores (`raft`) for its replicas and reads their configurations.
  host: { imports: ['base', 'raft', 'storage', 'peer', 'replica'] },

  // Meaning.
  // Members and roles (`raft`) are part of what a database tells about itself.
  db: { imports: ['base', 'raft', 'sql', 'command', 'result', 'sqlite', 'replica', 'host'] },
  capture: { imports: ['base', 'command', 'sqlite', 'replica', 'host'] },
  craq: { imports: ['base', 'command', 'kv', 'replica', 'host'] },

  // Speaking.
  // Statements (`command`) and result formats (`result`) are the words a door speaks to `db` in.
  serve: { imports: ['base', 'command', 'result', 'db', 'capture', 'craq'] },
  client: { imports: ['base'] },
  // The shell splits scripts into statements with the same splitter as the machine (`sql`).
  cli: { imports: ['base', 'sql', 'client', 'db', 'capture', 'craq', 'serve'] },
  'index.ts': { imports: ['base', 'command', 'db'] },
};

/** What every test and suite may import besides its room and that room's imports. */
export const TEST_IMPORTS: readonly string[] = ['base'];
