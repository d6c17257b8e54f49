// Checks what everything else stands on before importing any of it: bin/quorlite.js says the same
// to older Nodes, which cannot even read this file.

const NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  console.error(
    `quorlite: Cannot run on Node ${process.versions.node}: it needs Node ${NODE_MAJOR_MIN} or ` +
      'newer; get it from https://nodejs.org, or in a checkout run `npm ci` and `npx quorlite`',
  );
  process.exit(1);
}

// Every node must agree on local time, or `datetime('now', 'localtime')` differs between replicas.
process.env['TZ'] = 'UTC';

const { run } = await import('./run.ts');
process.exit(await run(process.argv.slice(2)));
