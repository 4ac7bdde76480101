/** The gateway before a real kube-apiserver, installed, with no more rights than that gives it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deployment } from '#controllers/index.ts';
import { configMap } from '#kube/index.ts';
import { directConnection, KubeClient } from '#kubeclient/index.ts';
import { createAuthority } from '#pki/index.ts';
import { serveWebhookBy, webhookAnswers, webhookByUrl } from '../support/cluster-webhook.ts';
import { freePort } from '../support/controller-process.ts';
import { buildNode, startNode } from '../support/kubelet.ts';
import { kubernetesSkip, startKubernetes } from '../support/kubernetes.ts';
import { kubectlStreams } from '../support/kubectl-streams.ts';
import { accountKubeconfig } from '../support/kubernetes-account.ts';
import { kubectlPath } from '../support/process-kubectl.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { until } from '../support/until.ts';
import { launcher, temporaryFolder } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

const system = 'drawbridge-system';
const skip = kubernetesSkip || (kubectlPath === undefined && 'kubectl is not installed');

interface PodOfDeployment {
  readonly template: {
    readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] };
  };
}

test('gateway: installed, it serves kubectl, and is taken out again', { skip }, async (t) => {
  const kubernetes = await startKubernetes();
  t.after(() => kubernetes.stop());
  const { files, origin: server } = kubernetes;
  const client = new KubeClient(
    directConnection({ server, ca: files.ca, cert: files.adminCert, key: files.adminKey }),
  );
  t.after(() => client.close());
  const folder = await temporaryFolder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const cli = (...args: readonly string[]) =>
    runProcess(launcher, [...args, '--kubeconfig', kubernetes.kubeconfig], { env });
  const port = await freePort();
  for (let run = 0; run < 2; run++) {
    const installed = succeeded(
      await cli(
        'gateway',
        'install',
        '--image=registry.example/drawbridge:1',
        `--public-url=https://localhost:${port}`,
        '--tls-secret=gateway-tls',
        '--admission-secret=gateway-admission',
        '--own-ca',
        '--links-role=edit',
      ),
    );
    assert.match(installed, /^ClusterRole drawbridge-gateway applied$/m);
    assert.match(installed, /^Deployment drawbridge-gateway applied$/m);
  }

  const admissionPort = await freePort();
  await webhookByUrl(client, admissionPort);
  const by = await createAuthority({ commonName: 'admission', nowMs: Date.now() });
  await serveWebhookBy(client, by, { namespace: system, name: 'gateway-admission' });

  // The command line of the pod, with the files of this machine for those of its Secret.
  const own = await client.get(deployment, { namespace: system, name: 'drawbridge-gateway' });
  const { args } = (own.spec as unknown as PodOfDeployment).template.spec.containers[0];
  const secret = { 'tls.crt': files.serverCert, 'tls.key': files.serverKey, 'ca.crt': files.ca };
  for (const [name, text] of Object.entries(secret)) writeFileSync(join(folder, name), text);
  const here: readonly (readonly [RegExp, string])[] = [
    [/^--listen=.*/, '--listen=127.0.0.1'],
    [/^--port=.*/, `--port=${port}`],
    [/^--metrics-port=.*/, '--metrics-port=0'],
    [/^--admission-port=.*/, `--admission-port=${admissionPort}`],
    [/=\/etc\/drawbridge\/tls\//, `=${folder}/`],
  ];
  const kubeconfig = await accountKubeconfig(client, {
    server,
    ca: files.ca,
    namespace: system,
    name: 'drawbridge-gateway',
    folder,
  });
  const gateway = startProcess(
    t,
    launcher,
    [
      ...args.map((arg) => here.reduce((text, [from, to]) => text.replace(from, to), arg)),
      `--kubeconfig=${kubeconfig}`,
    ],
    { env },
  );
  await waitUntil('the gateway to serve', () => gateway.stderr.includes('gateway serves'), {
    deadlineMs: 60_000,
    describe: () => gateway.describe(),
  });
  await until(
    async () => client.find(configMap, { namespace: system, name: 'drawbridge-gateway' }),
    'the announcement',
  );
  await webhookAnswers(client);

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
  const kubectl = (...rest: readonly string[]) =>
    runProcess(kubectlPath ?? '', ['--kubeconfig', file, ...rest], { env });
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
    const { stdout } = await runProcess(
      kubectlPath ?? '',
      ['--kubeconfig', kubernetes.kubeconfig, 'get', 'events', '--namespace=default'],
      { env },
    );
    return /Redeemed +gatewaytoken\/look/i.test(stdout) ? stdout : undefined;
  }, 'the event');
  assert.match(events, /Session \S+ was opened from 127\.0\.0\.1/);
  assert.match(
    succeeded(await cli('gateway', 'revoke', 'look', '--namespace=default')),
    /is revoked/,
  );
  await until(async () => (await kubectl('get', 'pods')).code === 1, 'the end of the grant');
  assert.match((await kubectl('get', 'pods')).stderr, /revoked/);
  const node = await buildNode();
  await t.test('gateway acceptance 19: kubectl streams to a node, and is cut', async (s) => {
    if ('missing' in node) return s.skip(node.missing);
    await startNode(t, node.path, { kubernetes, folder });
    await kubectlStreams(t, { folder, env, cli, kubectl: kubectlPath ?? '' });
  });

  assert.doesNotMatch(gateway.stderr, /forbidden|is not allowed|cannot (?:get|list|create)/i);
  for (const line of gateway.stdout.trim().split('\n')) {
    assert.ok(line.startsWith('{'), `only records: ${line}`);
  }
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });

  const removed = succeeded(await cli('gateway', 'uninstall'));
  assert.match(removed, /^Deployment drawbridge-gateway removed$/m);
  assert.match(removed, /^ClusterRoleBinding drawbridge-gateway-links removed$/m);
  assert.doesNotMatch(removed, /Namespace|CustomResourceDefinition/);
});
