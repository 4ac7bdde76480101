/** The embedded API server in a process of its own, for measuring. Prints where it serves as JSON. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { apiDefinitions } from '#apis/index.ts';
import { ensureServerFiles, openApiStore, startApiServer } from '#apiserver/index.ts';
import { silentLogger } from '#base/log.ts';
import { builtinDefinitions, Registry } from '#kube/index.ts';

const [directory = '.'] = process.argv.slice(2);
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const files = await ensureServerFiles({ clock }, { directory: join(directory, 'pki'), hosts: [] });
const store = await openApiStore({ clock, logger: silentLogger }, { directory });
const server = await startApiServer(
  {
    clock,
    random: { bytes: (size) => randomBytes(size) },
    logger: silentLogger,
    store,
    registry: new Registry([...builtinDefinitions, ...apiDefinitions]),
  },
  {
    host: '127.0.0.1',
    port: 0,
    tls: { cert: files.serverCert, key: files.serverKey, clientCa: files.ca },
    version: 'bench',
  },
);
const { ca, adminCert: cert, adminKey: key } = files;
process.stdout.write(`${JSON.stringify({ origin: server.origin, ca, cert, key })}\n`);
process.stdin.once('end', () => process.exit(0)).resume();
