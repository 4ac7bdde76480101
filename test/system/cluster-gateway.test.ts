/** The gateway before a real kube-apiserver, installed, with no more rights than that gives it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { gatewayToken } from '#apis/index.ts';
import { parseAsciicastEvent, verifyAuditLog } from '#gateway/index.ts';
import { configMap } from '#kube/index.ts';
import { type InstalledGateway, installedGateway } from '../support/installed-gateway.ts';
import { buildNode, startNode } from '../support/kubelet.ts';
import { kubernetesSkip } from '../support/kubernetes.ts';
import { briefByPlugin, tenByPlugin } from '../support/kubectl-plugin.ts';
import { kubectlRecordings } from '../support/kubectl-recordings.ts';
import { kubectlStreams } from '../support/kubectl-streams.ts';
import { kubectlPath } from '../support/process-kubectl.ts';
import { type Finished, runProcess } from '../support/process-runner.ts';
import { until } from '../support/until.ts';
import { succeeded } from '../support/up-sites.ts';

const skip = kubernetesSkip || (kubectlPath === undefined && 'kubectl is not installed');

test('gateway: installed, it serves kubectl, and is taken out again', { skip }, async (t) => {
  const world = await installedGateway(t, {
    flags: (folder) => [`--recording-dir=${join(folder, 'recordings')}`, '--record=asked'],
  });
  const { client, cli, gateway, kubernetes, folder, env, said } = world;
  assert.match(said, /^ClusterRole drawbridge-gateway applied$/m);
  assert.match(said, /^Deployment drawbridge-gateway applied$/m);

  const metadata = { name: 'settings', namespace: 'default' };
  await client.create(configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { a: 'b' },
  });
  const file = join(folder, 'grant.kubeconfig');
  const wish = ['--for=10m', '--resource=pods', '--resource=configmaps', '--verb=list,get,watch'];
  writeFileSync(
    file,
    succeeded(await cli('gateway', 'kubeconfig', 'look', ...wish, '--namespace=default')),
  );
  const kubectl = (...rest: readonly string[]) => kubectlBy(world, file, ...rest);
  assert.match(succeeded(await kubectl('get', 'configmaps')), /settings +1/);
  assert.match((await kubectl('get', 'pods')).stderr, /No resources found in default namespace/);
  for (const [what, name] of [
    ['pods', 'web'],
    ['configmaps', 'settings'],
  ] as const) {
    const refused = await kubectl('delete', what, name);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`no rule of the grant allows delete on ${what}`));
  }

  assert.match(succeeded(await cli('gateway', 'list', '-A')), /look .* 1\/1 .* OK/);
  const events = await until(async () => {
    const { kubeconfig } = kubernetes;
    const { stdout } = await kubectlBy(world, kubeconfig, 'get', 'events', '--namespace=default');
    return /Redeemed +gatewaytoken\/look/i.test(stdout) ? stdout : undefined;
  }, 'the event');
  assert.match(events, /Session \S+ was opened from 127\.0\.0\.1/);
  assert.match(
    succeeded(await cli('gateway', 'revoke', 'look', '--namespace=default')),
    /is revoked/,
  );
  await until(async () => (await kubectl('get', 'pods')).code === 1, 'the end of the grant');
  assert.match((await kubectl('get', 'pods')).stderr, /revoked/);

  const plugin = { folder, env, cli, kubectl: kubectlPath ?? '' };
  await t.test('gateway acceptance 17: ten kubectl with the plugin redeem once', async () => {
    await tenByPlugin(plugin);
    const { status } = await client.get(gatewayToken, { namespace: 'default', name: 'plugin' });
    assert.deepEqual([status?.uses, status?.redemptions?.length], [1, 1]);
    const mine = world.records().filter(({ grant }) => grant === 'default/plugin');
    assert.equal(mine.filter(({ kind }) => kind === 'redeem').length, 1);
    assert.ok(mine.filter(({ kind }) => kind === 'request').length >= 10);
  });
  await t.test('gateway acceptance 18: the plugin gives kubectl nothing that is about to end', () =>
    briefByPlugin(plugin),
  );
  // What follows, streams too, with the narrowest rights there are.
  await world.narrow('edit');
  const node = await buildNode();
  const streams = { skip: 'missing' in node && node.missing };
  if ('path' in node) await startNode(t, node.path, { kubernetes, folder });
  await t.test('gateway acceptance 19: kubectl streams to a node, and is cut', streams, () =>
    kubectlStreams(t, { folder, env, cli, kubectl: kubectlPath ?? '' }),
  );
  await t.test('gateway acceptance 25: a terminal in a pod is recorded', streams, (s) =>
    recordedTerminal(s, world),
  );
  await t.test('gateway acceptance 25: what kubectl shows is recorded', streams, () =>
    kubectlRecordings({ folder, env, cli, kubectl: kubectlPath ?? '' }),
  );

  assert.doesNotMatch(gateway.stderr, /forbidden|is not allowed|cannot (?:get|list|create)/i);
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  const log = join(folder, 'audit.jsonl');
  writeFileSync(log, gateway.stdout);
  assert.equal((await verifyAuditLog(log)).intact, true, 'only records, in one chain');

  const removed = succeeded(await cli('gateway', 'uninstall'));
  assert.match(removed, /^Deployment drawbridge-gateway removed$/m);
  assert.match(removed, /^ClusterRoleBinding drawbridge-gateway-links removed$/m);
  assert.doesNotMatch(removed, /Namespace|CustomResourceDefinition/);
});

function kubectlBy(
  { env }: InstalledGateway,
  kubeconfig: string,
  ...rest: readonly string[]
): Promise<Finished> {
  return runProcess(kubectlPath ?? '', ['--kubeconfig', kubeconfig, ...rest], { env });
}

const channel = { stdin: 0, stdout: 1, resize: 4 } as const;

/** By WebSocket to the gateway, from there to the API server, and from that to the node. */
async function recordedTerminal(t: TestContext, world: InstalledGateway): Promise<void> {
  const { cli, folder, kubernetes, origin, records } = world;
  const wish = ['--resource=pods', '--connect=exec', '--record=always', '--namespace=default'];
  const token = succeeded(await cli('gateway', 'token', 'create', 'filmed', ...wish)).trim();
  const wide = '[ "$(stty size)" = "20 60" ]';
  const script = `stty -echo; echo ready; until ${wide}; do :; done; echo wide; read -r word; echo "heard $word"`;
  const command = ['sh', '-c', script].map((word) => `command=${encodeURIComponent(word)}`);
  const query = [...command, 'stdin=true', 'stdout=true', 'tty=true'].join('&');
  const terminal = new WebSocket(
    `${origin.replace('https', 'wss')}/k8s/api/v1/namespaces/default/pods/web/exec?${query}`,
    ['v5.channel.k8s.io'],
    { ca: kubernetes.files.ca, headers: { authorization: `Bearer ${token}` } },
  );
  t.after(() => terminal.terminate());
  let screen = '';
  let ended = false;
  terminal.on('message', (data: Buffer) => {
    if (data[0] === channel.stdout) screen += data.subarray(1).toString();
  });
  terminal.on('error', (error) => {
    screen += error.message;
  });
  terminal.on('close', () => {
    ended = true;
  });
  await until(() => screen === 'ready\r\n', 'the shell');
  const send = (to: number, text: string): void =>
    terminal.send(Buffer.concat([Buffer.from([to]), Buffer.from(text)]));
  send(channel.resize, '{"Width":60,"Height":20}');
  await until(() => screen.endsWith('wide\r\n'), 'the new size at the shell');
  send(channel.stdin, 'opensesame\r');
  await until(() => ended, 'the end of the shell');
  assert.equal(screen, 'ready\r\nwide\r\nheard opensesame\r\n');

  const close = await until(
    () => records().find(({ kind, grant }) => kind === 'close' && grant === 'default/filmed'),
    'the record',
  );
  const { name = '', sha256 } = close.recording ?? {};
  const recording = readFileSync(join(folder, 'recordings', `${name}.recording`));
  assert.equal(sha256, createHash('sha256').update(recording).digest('hex'));
  const at = ['--dir', join(folder, 'recordings')];
  const cast = succeeded(await cli('gateway', 'recordings', 'export', name, ...at));
  const shown = cast
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => parseAsciicastEvent(line))
    .map((event) => (event?.code === 'o' ? event.data : `<${event?.data}>`));
  assert.equal(shown.join(''), 'ready\r\n<60x20>wide\r\nheard opensesame\r\n');
  const played = await cli('gateway', 'recordings', 'play', name, ...at, '--idle-max=1ms');
  assert.ok(succeeded(played).startsWith('ready\r\nwide\r\nheard opensesame\r\n'), played.stdout);
}
