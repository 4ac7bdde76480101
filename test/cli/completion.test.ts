/** What shells offer: verbs, flags, values and names that exist. */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { apiServerFor } from '../support/api-server.ts';
import { runProcess } from '../support/process-runner.ts';
import { cli } from '../support/up-cli.ts';
import { launcher } from '../support/up-process.ts';

async function complete(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await cli(['complete', '--', ...words]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

test('verbs are completed, also below groups', async () => {
  assert.deepEqual(await complete('sit'), ['site']);
  assert.ok((await complete('')).includes('revoke-access'));
  assert.ok(!(await complete('')).includes('complete'));
  assert.deepEqual(await complete('-n', 'west', 'site', ''), [
    'create',
    'update',
    'status',
    'delete',
    'generate',
  ]);
});

test('flags of the verb and of all verbs are completed', async () => {
  assert.deepEqual(await complete('site', 'create', '--enable-l'), ['--enable-link-access']);
  assert.deepEqual(await complete('link', 'status', '--names'), ['--namespace']);
});

test('values of flags are completed', async () => {
  assert.deepEqual(await complete('site', 'create', 'west', '--wait', ''), [
    'ready',
    'configured',
    'none',
  ]);
  assert.deepEqual(await complete('link', 'status', '-o', 'y'), ['yaml']);
  assert.deepEqual(await complete('gateway', 'link', '--connect', 'e'), ['exec']);
  assert.deepEqual(await complete('gateway', 'token', 'create', '--verb', 'g'), ['get']);
  assert.deepEqual(await complete('gateway', 'kubeconfig', '--record', 'a'), ['always']);
  assert.deepEqual(await complete('completion', 'f'), ['fish']);
});

test('where a file is wanted nothing is offered, so that the shell offers files', async () => {
  assert.deepEqual(await complete('token', 'redeem', ''), []);
  assert.deepEqual(await complete('--kubeconfig', ''), []);
  assert.deepEqual(await complete('gateway', 'serve', '--tls-cert', ''), []);
});

test('without an API there are no names, and no error', async () => {
  assert.deepEqual(await complete('link', 'delete', ''), []);
});

test('names come from the API, in the namespace of the line', async (t) => {
  const api = await apiServerFor(t);
  const at = ['--kubeconfig', api.kubeconfig];
  for (const name of ['one', 'two']) {
    const site = ['site', 'create', `site-${name}`, '-n', name, '--create-namespace'];
    assert.equal((await cli([...at, ...site, '--wait', 'none'])).code, 0);
    const made = ['listener', 'create', `web-${name}`, '80', '-n', name, '--wait', 'none'];
    assert.equal((await cli([...at, ...made])).code, 0);
  }
  const names = (...words: string[]): Promise<string[]> => complete(...at, ...words);
  assert.deepEqual(await names('-n', 'one', 'listener', 'delete', 'w'), ['web-one']);
  assert.deepEqual(await names('-n', 'two', 'site', 'update', ''), ['site-two']);
  assert.deepEqual(await names('site', 'status', '-n', 't'), ['two']);
  const grant = {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: { name: 'look', namespace: 'one' },
    spec: { rules: [{ verbs: ['get'], resources: ['pods'], namespaces: ['one'] }] },
  };
  const grants = '/apis/drawbridge.dev/v1alpha1/namespaces/one/gatewaytokens';
  assert.equal((await api.call(grants, { body: grant })).status, 201);
  for (const verb of ['revoke', 'approve', 'deny']) {
    assert.deepEqual(await names('-n', 'one', 'gateway', verb, ''), ['look']);
  }
  const found = await names('gateway', 'link', '--resource', 's');
  assert.ok(
    ['secrets', 'sites.skupper.io'].every((each) => found.includes(each)),
    found.join(),
  );
});

test('bash completes with the printed code', async () => {
  const script = `source <(${launcher} completion bash)
    COMP_WORDS=(${launcher} site st); COMP_CWORD=2; _drawbridge; printf '%s\\n' "\${COMPREPLY[@]}"
    complete -p drawbridge`;
  const { code, stdout, stderr } = await runProcess('bash', ['-c', script]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'status\ncomplete -o default -F _drawbridge drawbridge\n');
});

async function has(shell: string): Promise<boolean> {
  return (await runProcess('bash', ['-c', `command -v ${shell}`])).code === 0;
}

test('zsh takes the printed code', async (t) => {
  if (!(await has('zsh'))) return t.skip('zsh is not installed');
  const line = `${launcher} completion zsh | zsh -n /dev/stdin`;
  const { code, stderr } = await runProcess('bash', ['-c', line]);
  assert.equal(code, 0, stderr);
});

test('fish completes with the printed code', async (t) => {
  if (!(await has('fish'))) return t.skip('fish is not installed');
  const script = `set PATH ${dirname(launcher)} $PATH
    drawbridge completion fish | source
    complete -C 'drawbridge site st'; complete -C 'drawbridge link status -o '`;
  const { code, stdout, stderr } = await runProcess('fish', ['-c', script]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').toSorted(), ['json', 'status', 'yaml']);
});
