import type { Command } from 'commander';

import { addCommand } from './command.ts';
import { demoOptions, devOptions, serveOptions, shellOptions, verifyOptions } from './options.ts';

const URL_ARGUMENT = {
  name: '[url]',
  about: 'a node, or several with commas between them (default: http://127.0.0.1:4001)',
} as const;

/** Adds every command. What a command needs is imported when it runs, to keep the others light. */
export function addCommands(program: Command, onExit: (code: number) => void): void {
  addServers(program, onExit);
  addClients(program, onExit);
}

function addServers(program: Command, onExit: (code: number) => void): void {
  addCommand(
    program,
    {
      name: 'serve',
      summary: 'Run one node.',
      notes:
        'A new cluster of three: give each node --id, its own addresses, all three peer\n' +
        'addresses as --join, and --bootstrap-expect 3. SIGTERM hands leadership over and\n' +
        'leaves cleanly.\n',
      argument: null,
      options: serveOptions,
      envPrefix: 'QUORLITE_',
      run: async (options) => (await import('./serve/serve.ts')).serve(options),
    },
    onExit,
  );
  addCommand(
    program,
    {
      name: 'dev',
      summary: 'Run a cluster on this machine, in one terminal.',
      notes: 'Ctrl-C stops all nodes. The data stays; remove the directory to start afresh.\n',
      argument: null,
      options: devOptions,
      envPrefix: 'QUORLITE_DEV_',
      run: async (options) => (await import('./dev/dev.ts')).dev(options),
    },
    onExit,
  );
  addCommand(
    program,
    {
      name: 'demo',
      summary: 'Kill nodes of a cluster while clients write, and count what was lost.',
      notes:
        'Starts its own cluster on free ports, ends only what it started, and exits with 1 if\n' +
        'an acknowledged write is missing or doubled, or if the nodes differ at the end.\n',
      argument: null,
      options: demoOptions,
      envPrefix: 'QUORLITE_DEMO_',
      run: async (options) => (await import('./demo/demo.ts')).demo(options),
    },
    onExit,
  );
}

function addClients(program: Command, onExit: (code: number) => void): void {
  addCommand(
    program,
    {
      name: 'shell',
      summary: 'Type SQL at a cluster, or run a file of it.',
      notes:
        'Reads stdin when it is not a terminal. Without a terminal the first error ends the run\n' +
        'with exit code 1 and the line it is on. In the shell, .help lists its commands.\n',
      argument: URL_ARGUMENT,
      options: shellOptions,
      envPrefix: 'QUORLITE_SHELL_',
      run: async (options, url) => (await import('./shell/shell.ts')).shell(options, url),
    },
    onExit,
  );
  addCommand(
    program,
    {
      name: 'verify',
      summary: 'Compare the content of all nodes at one point of the log.',
      notes: 'Exits with 1 when a node differs or cannot answer.\n',
      argument: URL_ARGUMENT,
      options: verifyOptions,
      envPrefix: 'QUORLITE_VERIFY_',
      run: async (options, url) => (await import('./verify/verify.ts')).verify(options, url),
    },
    onExit,
  );
}
