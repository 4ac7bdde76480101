/**
 * A node of a real Kubernetes without a container runtime: the streaming side of a kubelet, played
 * by tools/kubernetes/node. Exec runs processes of this machine, port-forward dials loopback.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ApiCall, askAsOwner } from './api-server.ts';
import type { RealKubernetes } from './kubernetes.ts';
import { runProcess, startProcess } from './process-runner.ts';
import { waitUntil } from './process-wait.ts';

const tools = fileURLToPath(new URL('../../tools/kubernetes', import.meta.url));
const env = {
  PATH: `${process.env['PATH'] ?? ''}${delimiter}/usr/local/go/bin`,
  HOME: homedir(),
  CGO_ENABLED: '0',
};

/** Builds it, once for each of its versions. @returns the executable, or why there is none */
export async function buildNode(): Promise<
  { readonly path: string } | { readonly missing: string }
> {
  const version = createHash('sha256');
  const own = readdirSync(join(tools, 'node')).toSorted();
  for (const name of ['go.mod', ...own.map((file) => join('node', file))]) {
    version.update(readFileSync(join(tools, name)));
  }
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(caches, 'drawbridge-ci');
  const path = join(folder, `node-${version.digest('hex').slice(0, 12)}`);
  if (existsSync(path)) return { path };
  mkdirSync(folder, { recursive: true });
  const part = `${path}.${process.pid}`;
  const args = ['build', '-C', tools, '-buildvcs=false', '-o', part, './node'];
  const built = await runProcess('go', args, { env, deadlineMs: 280_000 }).catch(
    (thrown: unknown) => ({ code: 1, stderr: String(thrown) }),
  );
  if (built.code !== 0) return { missing: `no node for streams: ${built.stderr.slice(0, 200)}` };
  renameSync(part, path);
  return { path };
}

/** Starts it and registers node `loopback` with the running pod `web` in `default`. */
export async function startNode(
  t: Pick<TestContext, 'after'>,
  path: string,
  { kubernetes, folder }: { readonly kubernetes: RealKubernetes; readonly folder: string },
): Promise<void> {
  const { files } = kubernetes;
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const args = [
    `-cert=${write('node.crt', files.serverCert)}`,
    `-key=${write('node.key', files.serverKey)}`,
    `-client-ca=${write('node-ca.crt', files.ca)}`,
  ];
  // Shells that run there read and write files of their home.
  const running = startProcess(t, path, args, { env: { PATH: env.PATH, HOME: folder } });
  const port = await waitUntil('the node to listen', () => /^(\d+)\n/.exec(running.stdout)?.[1], {
    describe: () => running.describe(),
  });
  const ask = (at: string, call: ApiCall) => askAsOwner(kubernetes.origin, files, at, call);
  const patch = async (at: string, status: object): Promise<void> => {
    const headers = { 'content-type': 'application/merge-patch+json' };
    const answer = await ask(`${at}/status`, { method: 'PATCH', body: { status }, headers });
    assert.equal(answer.status, 200, answer.text);
  };
  const nodes = '/api/v1/nodes';
  await ask(nodes, { body: { metadata: { name: 'loopback' } } });
  await patch(`${nodes}/loopback`, {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: Number(port) } },
  });
  const pods = '/api/v1/namespaces/default/pods';
  const spec = { nodeName: 'loopback', containers: [{ name: 'main', image: 'none' }] };
  await waitUntil('the pod to be taken', async () => {
    const made = await ask(pods, { body: { metadata: { name: 'web' }, spec } });
    return made.status === 201;
  });
  await patch(`${pods}/web`, { phase: 'Running', podIP: '127.0.0.1' });
}
