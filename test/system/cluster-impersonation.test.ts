/** What the token of an installed gateway opens to who has stolen it, before a real kube-apiserver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directConnection, KubeClient } from '#kubeclient/index.ts';
import { accountKubeconfig } from '../support/kubernetes-account.ts';
import { kubernetesSkip, startKubernetes } from '../support/kubernetes.ts';
import { kubectlPath } from '../support/process-kubectl.ts';
import { type Finished, runProcess } from '../support/process-runner.ts';
import { until } from '../support/until.ts';
import { launcher, temporaryFolder } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

const skip = kubernetesSkip || (kubectlPath === undefined && 'kubectl is not installed');
const link = ['--as=gw:link', '--as-group=gw:links'];
const alice = ['--as=oidc:alice', '--as-group=oidc:dev'];
/** Reading, as whom nobody should become. */
const others: readonly (readonly string[])[] = [
  ['--as=oidc:bob'],
  ['--as=system:admin'],
  ['--as=system:kube-controller-manager'],
  ['--as=gw:link', '--as-group=system:masters'],
  ['--as=gw:link', '--as-group=gw:links', '--as-group=cluster-admins'],
  ['--as=system:node:n', '--as-group=system:nodes'],
  ['--as=system:serviceaccount:kube-system:default'],
];

test('an installed gateway may act as whom its installation names, for what it names', {
  skip,
}, async (t) => {
  const kubernetes = await startKubernetes();
  t.after(() => kubernetes.stop());
  const { files, origin: server } = kubernetes;
  const client = new KubeClient(
    directConnection({ server, ca: files.ca, cert: files.adminCert, key: files.adminKey }),
  );
  t.after(() => client.close());
  const folder = await temporaryFolder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const run = (path: string, kubeconfig: string, args: readonly string[]): Promise<Finished> =>
    runProcess(path, [...args, '--kubeconfig', kubeconfig], { env });
  const owner = (...args: readonly string[]) => run(kubectlPath ?? '', kubernetes.kubeconfig, args);
  const install = async (...flags: readonly string[]): Promise<string> =>
    succeeded(
      await run(launcher, kubernetes.kubeconfig, [
        'gateway',
        'install',
        '--image=registry.example/drawbridge:1',
        '--public-url=https://localhost',
        '--tls-secret=gateway-tls',
        '--admission-secret=gateway-admission',
        ...flags,
      ]),
    );
  assert.match(
    await install('--links-role=view'),
    /^The gateway may act as user gw:link in group gw:links$/m,
  );
  const stolen = await accountKubeconfig(client, {
    server,
    ca: files.ca,
    namespace: 'drawbridge-system',
    name: 'drawbridge-gateway',
    folder,
  });
  const thief = (...args: readonly string[]) => run(kubectlPath ?? '', stolen, args);
  const opened = (what: string, ...args: readonly string[]) =>
    until(async () => (await thief(...args)).code === 0, what);
  const refused = async (why: RegExp, ...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await thief(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, why, args.join(' '));
  };

  await opened('links to read', 'get', 'configmaps', ...link);
  await refused(/"gw:link" cannot delete resource/, 'delete', 'configmap', 'x', ...link);
  await refused(/cannot list resource "configmaps"/, 'get', 'configmaps');
  await refused(/cannot list resource "secrets"/, 'get', 'secrets', '-n', 'kube-system');
  for (const who of [...others, alice]) {
    await refused(/cannot impersonate resource/, 'get', 'configmaps', ...who);
  }

  await t.test('somebody who logs in, by name', async () => {
    await install(
      '--login-secret=login',
      '--set=oidc-issuer=https://login.example',
      '--set=oidc-client-id=g',
      '--impersonate-user=oidc:alice',
      '--impersonate-group=oidc:dev',
    );
    succeeded(
      await owner('create', 'clusterrolebinding', 'dev', '--clusterrole=edit', '--group=oidc:dev'),
    );
    await opened('alice to read', 'get', 'secrets', ...alice);
    await opened('links to read still', 'get', 'configmaps', ...link);
    for (const who of others) {
      await refused(/cannot impersonate resource/, 'get', 'configmaps', ...who);
    }
  });

  await t.test('anybody who logs in, for what a ClusterRole allows', async (s) => {
    const version = await client.raw<{ minor: string }>({ method: 'GET', path: '/version' });
    if (Number.parseInt(version.minor, 10) < 36)
      return s.skip('this Kubernetes is older than 1.36');
    const flags = [
      '--login-secret=login',
      '--set=oidc-issuer=https://login.example',
      '--set=oidc-client-id=g',
      '--impersonate-for=view',
    ];
    assert.match(
      await install(...flags),
      /^The gateway may act as any user in any group, for what/m,
    );
    // The older right is gone when a name that it did not have works and one for writing does not.
    const anybody = ['--as=oidc:zoe', '--as-group=oidc:dev'];
    await opened('zoe to read', 'get', 'configmaps', ...anybody);
    await until(
      async () => (await thief('get', 'secrets', ...alice)).code === 1,
      'the older right to end',
    );
    await opened('discovery', 'api-resources', '--cached=false', ...anybody);
    const narrow = /cannot impersonate-on:user-info:/;
    await refused(narrow, 'get', 'secrets', ...anybody);
    await refused(narrow, 'delete', 'configmap', 'x', ...anybody);
    await refused(narrow, 'create', 'configmap', 'x', ...anybody);
    await refused(/system:masters group is not allowed/, 'get', 'configmaps', ...(others[3] ?? []));
    await refused(/cannot impersonate/, 'get', 'configmaps', ...(others[5] ?? []));
    await refused(/cannot impersonate/, 'get', 'configmaps', ...(others[6] ?? []));
    const unknown = await run(launcher, kubernetes.kubeconfig, [
      'gateway',
      'install',
      '--image=i',
      '--public-url=https://localhost',
      '--print',
      '--impersonate-for=nosuch',
    ]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /there is no ClusterRole nosuch/);
    assert.equal(unknown.stdout, '');
  });
});
