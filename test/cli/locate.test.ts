/** Which kubeconfig is used. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { locateApi } from '../../src/cli/api/locate.ts';
import { CliError } from '../../src/cli/errors.ts';

interface Machine {
  readonly homeDir: string;
  readonly env: Record<string, string | undefined>;
  write(path: string, text: string): Promise<string>;
}

async function machine(t: TestContext): Promise<Machine> {
  const homeDir = await mkdtemp(join(tmpdir(), 'drawbridge-test-'));
  t.after(() => rm(homeDir, { recursive: true }));
  return {
    homeDir,
    env: {},
    write: async (path, text) => {
      const full = join(homeDir, path);
      await mkdir(dirname(full), { recursive: true });
      await writeFile(full, text);
      return full;
    },
  };
}

/** A port that accepts connections until the test ends. */
async function listening(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const kubeconfig = (port: number): string =>
  JSON.stringify({ clusters: [{ cluster: { server: `https://127.0.0.1:${port}` } }] });
const dead = 1;
const ours = '.local/share/drawbridge/kubeconfig';
const usual = '.kube/config';

test('the flag wins over everything, and must name a file', async (t) => {
  const at = await machine(t);
  const flag = await at.write('flag', '');
  at.env['KUBECONFIG'] = await at.write('env', '');
  assert.equal((await locateApi(at, { kubeconfig: flag })).path, flag);
  await assert.rejects(locateApi(at, { kubeconfig: join(at.homeDir, 'absent') }), (thrown) => {
    assert.ok(thrown instanceof CliError);
    assert.match(thrown.message, /^--kubeconfig: there is no file .*absent$/);
    return true;
  });
});

test('KUBECONFIG comes next; a list of files is left to the usual rules', async (t) => {
  const at = await machine(t);
  await at.write(ours, kubeconfig(await listening(t)));
  const one = await at.write('env', '');
  at.env['KUBECONFIG'] = one;
  assert.equal((await locateApi(at, {})).path, one);
  at.env['KUBECONFIG'] = `${one}:${one}`;
  assert.equal((await locateApi(at, {})).path, undefined);
});

test('then a running up, but not the file that a stopped one has left', async (t) => {
  const at = await machine(t);
  const config = await at.write(usual, '');
  const running = await at.write(ours, kubeconfig(await listening(t)));
  assert.equal((await locateApi(at, {})).path, running);
  await at.write(ours, kubeconfig(dead));
  assert.equal((await locateApi(at, {})).path, config);
});

test('XDG_DATA_HOME is obeyed when it is absolute', async (t) => {
  const at = await machine(t);
  const running = await at.write('xdg/drawbridge/kubeconfig', kubeconfig(await listening(t)));
  at.env['XDG_DATA_HOME'] = join(at.homeDir, 'xdg');
  assert.equal((await locateApi(at, {})).path, running);
  at.env['XDG_DATA_HOME'] = 'xdg';
  await assert.rejects(locateApi(at, {}), CliError);
});

test('an up with its data elsewhere is found by its ready information, the newest first', async (t) => {
  const at = await machine(t);
  const port = await listening(t);
  const old = await at.write('old/kubeconfig', kubeconfig(port));
  const young = await at.write('young/kubeconfig', kubeconfig(port));
  const stopped = await at.write('stopped/kubeconfig', kubeconfig(dead));
  const folder = '.local/share/drawbridge/running';
  const first = await at.write(`${folder}/1.json`, JSON.stringify({ kubeconfig: old }));
  await utimes(first, new Date(1000), new Date(1000));
  await at.write(`${folder}/2.json`, JSON.stringify({ kubeconfig: young }));
  await at.write(`${folder}/3.json`, JSON.stringify({ kubeconfig: stopped }));
  await at.write(`${folder}/4.json`, 'not json {');
  assert.equal((await locateApi(at, {})).path, young);
  await rm(young);
  assert.equal((await locateApi(at, {})).path, old);
});

test('in a pod the service account serves when nothing else does', async (t) => {
  const at = await machine(t);
  at.env['KUBERNETES_SERVICE_HOST'] = '10.0.0.1';
  assert.equal((await locateApi(at, {})).path, undefined);
});
