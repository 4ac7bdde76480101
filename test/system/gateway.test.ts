/** The gateway of a running `up`, as people use it: links, kubeconfigs, tokens, revoking, the record. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpsRequest } from '#http/index.ts';
import { briefByPlugin, tenByPlugin } from '../support/kubectl-plugin.ts';
import { kubectlPath } from '../support/process-kubectl.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { waitUntil } from '../support/process-wait.ts';
import { upKubectl } from '../support/up-kubectl.ts';
import { launcher, startUp, temporaryFolder } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

test('people and tools come in through the gateway, for a while', async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const up = await startUp(t, { data, home });
  const { gateway } = up.ready;
  assert.equal(up.ready.console, `${gateway}/`);
  assert.match(gateway, /^https:\/\/127\.0\.0\.1:\d+$/);
  const ca = readFileSync(join(data, 'pki', 'ca.crt'), 'utf8');
  const cli = async (...args: string[]): Promise<string> =>
    succeeded(await up.cli('gateway', ...args));
  const plugin = {
    folder: home,
    env: up.env,
    kubectl: kubectlPath ?? '',
    cli: (...args: readonly string[]) => up.cli(...args),
  };
  await upKubectl(up).apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data: { a: 'b' },
  });

  await t.test('a link opens one thing once, shows its end, and can be revoked', async () => {
    const made = await up.cli(
      'gateway',
      'link',
      '--for',
      '30m',
      '--resource',
      'configmaps',
      '--object',
      'settings',
    );
    const first = succeeded(made).trim();
    const text = made.stderr;
    const url = new URL(first);
    assert.equal(`${url.origin}${url.pathname}`, `${gateway}/l`);
    assert.match(text, /It works once, until \d{4}-\d\d-\d\dT/);
    assert.match(text, /get, list, watch configmaps settings in default/);
    const code = url.hash.slice(1);
    const page = await httpsRequest({ url: first, ca });
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    const post = (path: string, body: object) =>
      httpsRequest({
        url: `${gateway}/gateway/v1/${path}`,
        method: 'POST',
        ca,
        headers: { 'content-type': 'application/json', origin: gateway },
        body: JSON.stringify(body),
      });
    assert.equal((await post('look', { code })).status, 200);
    const nonce = 'n'.repeat(32);
    const redeemed = await post('redeem', { code, nonce });
    assert.equal(redeemed.status, 201, redeemed.body.toString());
    const session = JSON.parse(redeemed.body.toString());
    const cookie = redeemed.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const read = (path: string) =>
      httpsRequest({ url: `${gateway}${path}`, ca, headers: { cookie } });
    const one = await read(`${session.api}/api/v1/namespaces/default/configmaps/settings`);
    assert.equal(JSON.parse(one.body.toString()).data.a, 'b');
    assert.equal((await post('redeem', { code, nonce: 'm'.repeat(32) })).status, 410);
    const { grant } = session;
    assert.match(await cli('list'), new RegExp(`${grant.name} .* 1/1 .* OK`));
    assert.match(await cli('revoke', grant.name), /is revoked/);
    assert.match(await cli('revoke', grant.name), /Nothing to revoke: done before/);
    for (const args of [
      ['revoke', 'nope'],
      ['revoke', '--user', 'nobody', '-A'],
    ]) {
      const none = await up.cli('gateway', ...args);
      assert.deepEqual([none.code, none.stdout], [1, ''], none.stderr);
      assert.match(none.stderr, /there is no grant "nope"|no grant in any namespace .* "nobody"/);
    }
    const empty = await up.cli('gateway', 'list', '-n', 'kube-system');
    assert.deepEqual([empty.code, empty.stdout], [0, '']);
    assert.match(empty.stderr, /There are no grants in kube-system; -A shows all/);
    await waitUntil('the session to end', async () => {
      const { status } = await read(`${session.api}/api/v1/namespaces/default/configmaps/settings`);
      return status === 401;
    });
    assert.match(await cli('list'), /Revoked/);
  });

  await t.test('a kubeconfig is used by kubectl as it is', async (s) => {
    if (kubectlPath === undefined) return s.skip('kubectl is not installed');
    const file = join(home, 'grant.kubeconfig');
    const asJson = await cli('kubeconfig', '--resource', 'configmaps', '-o', 'json');
    assert.equal(JSON.parse(asJson).kind, 'Config');
    writeFileSync(file, await cli('kubeconfig', '--resource', 'configmaps'));
    const kubectl = (...args: string[]) =>
      runProcess(kubectlPath ?? '', ['--kubeconfig', file, ...args], { env: up.env });
    assert.match(succeeded(await kubectl('get', 'configmaps')), /settings +1/);
    assert.match(succeeded(await kubectl('get', 'cm', 'settings', '-o', 'yaml')), /a: b/);
    const refused = await kubectl('delete', 'configmap', 'settings');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Forbidden.*no rule of the grant allows delete on configmaps/);
    assert.match((await kubectl('get', 'secrets')).stderr, /Forbidden/);
    assert.match(
      succeeded(await kubectl('get', '--raw', '/api/v1/namespaces/default/configmaps')),
      /List/,
    );
  });

  await t.test(
    'gateway acceptance 17: ten kubectl with the plugin make one redemption',
    async (s) => {
      if (kubectlPath === undefined) return s.skip('kubectl is not installed');
      await tenByPlugin(plugin);
      const info = JSON.stringify({
        spec: { cluster: { server: gateway, 'insecure-skip-tls-verify': true } },
      });
      const env = { ...up.env, KUBERNETES_EXEC_INFO: info, DRAWBRIDGE_GATEWAY_CODE: 'dbg.a.b.c' };
      const insecure = await runProcess(launcher, ['gateway', 'exec-credential'], { env });
      assert.deepEqual([insecure.code, insecure.stdout], [2, '']);
      assert.match(insecure.stderr, /skips the check of the server/);
    },
  );

  await t.test(
    'gateway acceptance 18: the plugin gives kubectl nothing that is about to end',
    async (s) => {
      if (kubectlPath === undefined) return s.skip('kubectl is not installed');
      await briefByPlugin(plugin);
    },
  );

  await t.test('the record is whole and holds no secret', async () => {
    const token = (await cli('token', 'create', '--resource', 'configmaps')).trim();
    const answer = await httpsRequest({
      url: `${gateway}/k8s/api/v1/namespaces/default/configmaps`,
      ca,
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 200);
    const file = join(data, 'audit', 'gateway.jsonl');
    await waitUntil('the record', () =>
      /"grant":"default\/token-/.test(readFileSync(file, 'utf8')),
    );
    const verify = (...files: string[]) =>
      runProcess(launcher, ['gateway', 'audit', 'verify', ...files], { env: up.env });
    assert.match(succeeded(await verify(file)), /^\d+ records, intact/);
    const [first = '', ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
    const [one, two, none] = ['1', '2', '0'].map((name) => join(home, `audit.${name}`)) as [
      string,
      string,
      string,
    ];
    for (const [path, text] of [
      [one, `${first}\n`],
      [two, `${rest.join('\n')}\n`],
      [none, ''],
    ] as const) {
      writeFileSync(path, text);
    }
    assert.match(succeeded(await verify(two)), /They begin with number 2: earlier ones/);
    assert.doesNotMatch(succeeded(await verify(one, two)), /earlier ones/);
    for (const [path, what] of [
      [none, /has no record, so nothing is proved/],
      [home, /cannot be read/],
    ] as const) {
      const run = await verify(path);
      assert.equal(run.code, 1);
      assert.match(run.stdout + run.stderr, what);
    }
    assert.ok(!readFileSync(file, 'utf8').includes(token.split('.').at(-1) ?? ''));
    assert.ok(!up.process.stderr.includes(token.split('.').at(-1) ?? ''));
    const metrics = await (await fetch(up.ready.metrics)).text();
    assert.match(
      metrics,
      /drawbridge_gateway_requests_total\{decision="allow",kind="request",status="2xx"\} \d+/,
    );
    assert.match(await cli('revoke', '--all', '-A'), /is revoked/);
  });
});

test('gateway serve stands before any API server, as the link towards it', async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const up = await startUp(t, { data, home });
  const pki = (name: string): string => join(data, 'pki', name);
  const audit = join(home, 'audit.jsonl');
  const served = startProcess(
    t,
    launcher,
    [
      'gateway',
      'serve',
      '--kubeconfig',
      up.ready.kubeconfig,
      '--port',
      '0',
      '--tls-cert',
      pki('apiserver.crt'),
      '--tls-key',
      pki('apiserver.key'),
      '--public-url',
      'https://localhost:9443',
      '--public-ca-file',
      pki('ca.crt'),
      '--gateway-namespace',
      'gw',
      '--audit-file',
      audit,
      '--cluster',
      `east=${up.ready.kubeconfig}`,
    ],
    { env: up.env },
  );
  const origin = await waitUntil(
    'the gateway to serve',
    () => / at (https:\/\/127\.0\.0\.1:\d+)/.exec(served.stdout)?.[1],
    { describe: () => served.describe() },
  );
  const token = async (...args: string[]): Promise<string> =>
    succeeded(
      await up.cli('gateway', 'token', 'create', '--gateway-namespace', 'gw', ...args),
    ).trim();
  const ca = readFileSync(pki('ca.crt'), 'utf8');
  const ask = async (bearer: string, mount: string): Promise<number> => {
    const url = `${origin}${mount}/api/v1/namespaces/default/configmaps`;
    const headers = { authorization: `Bearer ${bearer}` };
    return (await httpsRequest({ url, ca, headers })).status;
  };
  const local = await token('--resource', 'configmaps');
  assert.equal(await ask(local, '/k8s'), 403, 'links have no rights of their own');
  await upKubectl(up).apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'gateway-links' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'gw:links' }],
  });
  await waitUntil('the binding', async () => (await ask(local, '/k8s')) === 200);
  const east = await token('--resource', 'configmaps', '--cluster', 'east');
  assert.deepEqual([await ask(east, '/clusters/east'), await ask(east, '/k8s')], [200, 403]);
  assert.equal((await served.stop()).code, 0, served.describe());
  const env = up.env;
  const verified = await runProcess(launcher, ['gateway', 'audit', 'verify', audit], { env });
  assert.match(succeeded(verified), /records, intact/);
  assert.match(readFileSync(audit, 'utf8'), /"user":"gw:link:default:token-/);
  const broken = await runProcess(
    launcher,
    [
      'gateway',
      'serve',
      '--kubeconfig',
      up.ready.kubeconfig,
      '--port',
      '0',
      '--tls-cert',
      '/nowhere',
      '--tls-key',
      '/nowhere',
      '--public-url',
      'https://localhost',
    ],
    { env },
  );
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /^drawbridge: cannot read the certificate: .+\ndrawbridge: .+\n$/);
});

test('the gateway verbs say what is wrong with their arguments', async (t) => {
  const home = await temporaryFolder(t);
  for (const [args, what] of [
    [['link'], /nothing to open: give --resource or --url/],
    [['link', '--resource', 'pods', '--for', 'soon'], /--for is not valid/],
    [['link', '--resource', 'pods', '--for', '13h'], /at most 12h/],
    [['link', '--resource', 'pods', '--uses', '0'], /number of uses/],
    [['link', '--url', '/api/v1/pods*'], /stars are whole segments/],
    [['link', '--connect', 'exec'], /--connect has a meaning only together with --resource/],
    [['link', '--resource', 'pods', '--client', '10.0.0.0/33'], /--client is not valid/],
    [['revoke'], /give one of a name, --all and --user/],
    [['revoke', 'a', '--all'], /give one of a name, --all and --user/],
    [['exec-credential'], /holds no code/],
    [['serve'], /required option/],
    [
      ['serve', '--tls-cert', 'a', '--tls-key', 'b', '--public-url', 'http://x'],
      /--public-url is not valid/,
    ],
    [['audit', 'verify', '/nowhere'], /cannot be read/],
  ] as const) {
    const env = { ...process.env, HOME: home, XDG_DATA_HOME: home };
    const run = await runProcess(launcher, ['gateway', ...args], { env });
    assert.ok(run.code === 2 || run.code === 1, run.stderr);
    assert.equal(run.stdout, '');
    assert.match(run.stderr, what);
    assert.match(run.stderr, /^drawbridge: .+\n(?:drawbridge: .+\n)+$/);
  }
});
