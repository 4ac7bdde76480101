/** `system`, `debug dump`, `manifest` and `--platform`, against the real API server. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiServerFor } from '../support/api-server.ts';
import { runProcess } from '../support/process-runner.ts';
import { cli } from '../support/up-cli.ts';
import { temporaryFolder } from '../support/up-process.ts';

const manifests = `
apiVersion: v1
kind: Namespace
metadata: {name: west}
---
apiVersion: skupper.io/v2alpha1
kind: Site
metadata: {name: west, namespace: west}
spec: {linkAccess: default}
---
apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata: {name: g, namespace: west}
spec: {code: very-secret-code}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: west}
stringData: {password: also-secret}
`;

test('system apply creates and changes what a file holds, system delete removes it', async (t) => {
  const api = await apiServerFor(t);
  const at = ['--kubeconfig', api.kubeconfig, '-n', 'west'];
  const applied = await cli([...at, 'system', 'apply', '-f', '-'], { stdin: manifests });
  assert.equal(applied.code, 0, applied.stderr);
  assert.equal(
    applied.stdout,
    'Namespace west added\nSite west added\nAccessGrant g added\nSecret s added\n' +
      'Custom resources are applied.\n',
  );
  const changed = manifests.replace('linkAccess: default', 'ha: true');
  assert.equal((await cli([...at, 'system', 'apply', '-f', '-'], { stdin: changed })).code, 0);
  const site = await cli([...at, 'site', 'status', '-o', 'json']);
  const { spec } = JSON.parse(site.stdout) as { spec: unknown };
  assert.deepEqual(spec, { linkAccess: 'default', ha: true });
  const deleted = await cli([...at, 'system', 'delete', '-f', '-'], { stdin: manifests });
  assert.match(deleted.stdout, /^Namespace west deleted\n/);
  assert.match(deleted.stdout, /Custom resources deleted\.\n$/);
});

test('system apply takes nothing of a file with a kind it does not know', async (t) => {
  const api = await apiServerFor(t);
  const stdin = `${manifests}---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n`;
  const at = ['--kubeconfig', api.kubeconfig, '-n', 'west'];
  const { code, stdout, stderr } = await cli([...at, 'system', 'apply', '-f', '-'], { stdin });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^drawbridge: nothing was changed: standard input: kind Pod of v1 is not/);
  assert.equal((await api.call('/api/v1/namespaces/west')).status, 404);
});

for (const verb of ['start', 'setup', 'reload', 'stop', 'teardown', 'install', 'uninstall']) {
  test(`system ${verb} is refused with the command to use instead`, async () => {
    const { code, stdout, stderr } = await cli(['system', verb, '--force', 'x']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^drawbridge: 'system ${verb}' is not a verb of drawbridge: `));
    assert.match(stderr.split('\n')[1] ?? '', /drawbridge up|drawbridge system apply/);
  });
}

test('debug dump writes an archive without anything that lets somebody in', async (t) => {
  const api = await apiServerFor(t);
  const folder = await temporaryFolder(t);
  const at = ['--kubeconfig', api.kubeconfig, '-n', 'west'];
  assert.equal((await cli([...at, 'system', 'apply', '-f', '-'], { stdin: manifests })).code, 0);
  const file = join(folder, 'dump');
  const { code, stdout, stderr } = await cli([...at, 'debug', 'dump', file]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `Dump details written to compressed archive: ${file}.tar.gz\n`);
  assert.equal((await stat(`${file}.tar.gz`)).mode & 0o777, 0o600);
  const unpacked = await runProcess('tar', ['-xzf', `${file}.tar.gz`, '-C', folder]);
  assert.equal(unpacked.code, 0, unpacked.stderr);
  const text = async (path: string): Promise<string> => readFile(join(folder, path), 'utf8');
  assert.match(await text('sites/west.yaml'), /linkAccess: default/);
  assert.match(await text('secrets/s.yaml'), /password: \(masked, 11 characters\)/);
  assert.match(await text('accessgrants/g.yaml'), /code: \(masked, 16 characters\)/);
  const all = await runProcess('grep', ['-r', 'secret-code\\|also-secret', folder]);
  assert.equal(all.code, 1, all.stdout);
});

test('a dump that cannot be written says so before the API is asked', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'file'), '');
  const { code, stderr } = await cli(['debug', 'dump', join(folder, 'absent', 'dump')]);
  assert.equal(code, 2);
  assert.match(stderr, /^drawbridge: invalid file name: ENOENT/);
});

test('manifest lists components and versions', async () => {
  const { stdout } = await cli(['manifest']);
  assert.match(stdout, /^COMPONENT +VERSION\ndrawbridge +9\.8\.7\nnode +\d/);
  const json = await cli(['manifest', '-o', 'json']);
  const { components } = JSON.parse(json.stdout) as { components: { component: string }[] };
  assert.ok(components.some(({ component }) => component === 'skupper.io'));
});

test('only the platform kubernetes is supported, and the way on this machine is named', async () => {
  assert.equal((await cli(['-p', 'kubernetes', 'manifest'])).code, 0);
  for (const platform of ['podman', 'docker', 'linux']) {
    const flag = await cli(['-p', platform, 'manifest']);
    assert.equal(flag.code, 2);
    assert.match(flag.stderr, new RegExp(`^drawbridge: platform "${platform}" not supported\n`));
    assert.match(flag.stderr, /drawbridge up/);
    const variable = await cli(['manifest'], { env: { SKUPPER_PLATFORM: platform } });
    assert.equal(variable.code, 2);
    assert.match(variable.stderr, /unset SKUPPER_PLATFORM/);
  }
  assert.match((await cli(['-p', 'vms', 'manifest'])).stderr, /platform "vms" not supported/);
});
