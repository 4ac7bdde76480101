/** What `gateway link` and its sisters take for a grant, and what they refuse before there is one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gatewayToken } from '#apis/index.ts';
import { announce } from '#gateway/index.ts';
import { grantTo, tokenFor } from '../support/api-identities.ts';
import { gatewayWorld } from '../support/gateway-world.ts';
import { until } from '../support/until.ts';
import { cli } from '../support/up-cli.ts';

const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] };
const pods = ['link', '--resource', 'pods'];

/** Said without an API: nothing is asked and nothing is made. */
const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [[...pods, '--verb', 'gte'], /--verb is not valid: "gte" is none; did you mean get\?/],
  [[...pods, '--verb', 'POST'], /"POST" is none; did you mean create\?/],
  [[...pods, '--verb', 'get,frobnicate'], /"frobnicate" is none; one of get, list, .*\*/],
  [['link', '--resource', '/'], /"\/" is nothing such as pods or pods\/status/],
  [['link', '--resource', ''], /"" is nothing such as pods/],
  [['link', '--resource', 'pods/exec'], /opens no exec by itself: give .* pods --connect exec/],
  [[...pods, '--object', ''], /--object is not valid: a name is empty/],
  [[...pods, '--selector', 'a=('], /--selector is not valid: unable to parse/],
  [
    [...pods, '--not-before', '2020-01-01T00:00:00Z'],
    /it would have ended at 2020-01-01T00:15:00Z/,
  ],
  [[...pods, '--not-before', 'tomorrow'], /"tomorrow" is no time such as/],
  [[...pods, '--session-max', '1h'], /no session outlasts its grant, see --for \(15m0s\)/],
  [['link', '--url', '/api/v1/../pods'], /is not a path without dots/],
  [['link', '--url', '/api', '--method', 'GETT'], /"gett" is none; did you mean get\?/],
];

test('what would make a grant that opens nothing is refused', async () => {
  for (const [args, what] of wrong) {
    const { code, stdout, stderr } = await cli(['gateway', ...args]);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, what);
  }
});

test('resources are meant as people call them, and what is not there is not granted', async (t) => {
  const world = await gatewayWorld(t);
  const url = world.gateway.origin;
  await announce(world.client, 'drawbridge-system', { url, ca: '', clusters: ['local', 'east'] });
  const link = (...words: string[]) =>
    cli(['--kubeconfig', world.api.kubeconfig, '-n', 'default', 'gateway', 'link', ...words]);

  await t.test('by short name, kind, group or subresource, in their own group', async () => {
    const words = 'cm,Deployment,sites,pods/status,namespaces';
    const { code, stderr } = await link('all', '--resource', words, '--selector', 'a=b');
    assert.equal(code, 0, stderr);
    const verbs = ['get', 'list', 'watch'];
    const common = { verbs, selectors: ['a=b'], effect: 'allow' };
    const namespaces = ['default'];
    assert.deepEqual((await world.read('all')).spec.rules, [
      { ...common, apiGroups: [''], resources: ['configmaps', 'pods/status'], namespaces },
      { ...common, apiGroups: ['apps'], resources: ['deployments'], namespaces },
      { ...common, apiGroups: ['skupper.io'], resources: ['sites'], namespaces },
      { ...common, apiGroups: [''], resources: ['namespaces'] },
    ]);
    assert.match(stderr, /watch deployments\.apps in default with a=b/);
  });

  for (const [words, what] of [
    ['--resource configmpas', /has no "configmpas"; did you mean configmaps\?/],
    ['--resource deployments.aps', /has no "deployments\.aps"; did you mean deployments\.apps\?/],
    ['--resource pods/sttus', /"pods" has no subresource "sttus": there is .*status/],
    ['--resource pods --resource gizmos.example.com', /has no "gizmos\.example\.com"/],
    ['--resource pods --cluster mars', /the gateway reaches local, east, not "mars"/],
    ['--resource roles --verb create', /nothing opens create roles: roles and bindings/],
  ] as const) {
    await t.test(`not ${words}`, async () => {
      const { code, stdout, stderr } = await link('none', ...words.split(' '));
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, what);
      assert.match(stderr, /\ndrawbridge: .+\n$/);
      const key = { namespace: 'default', name: 'none' };
      assert.equal(await world.client.find(gatewayToken, key), undefined);
    });
  }

  await t.test('the API server of another cluster is not asked', async () => {
    const { code, stderr } = await link('far', '--resource', 'gizmos', '--cluster', 'east');
    assert.equal(code, 0, stderr);
    assert.deepEqual((await world.read('far')).spec.rules?.[0]?.resources, ['gizmos']);
  });

  await t.test('what was made with kubectl and cannot work gets no code', async () => {
    const nothing: readonly (readonly [string, object, RegExp])[] = [
      ['long', { rules: [rule], expirationWindow: '13h' }, /is too long/],
      ['place', { rules: [rule], clientCIDRs: ['300.1.1.1'] }, /"300\.1\.1\.1" is neither/],
      ['empty', {}, /neither rules nor urls/],
      ['ended', { rules: [rule], revoked: true }, /it was revoked/],
    ];
    for (const [name, spec, what] of nothing) {
      const { kind } = gatewayToken;
      const metadata = { name, namespace: 'default' };
      const apiVersion = 'drawbridge.dev/v1alpha1';
      await world.client.create(gatewayToken, { apiVersion, kind, metadata, spec });
      await until(async () => (await world.read(name)).status?.message !== undefined, name);
      const { code, stdout, stderr } = await link(name);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, what);
      assert.equal((await world.read(name)).status?.codeHash, undefined);
    }
  });

  for (const [name, verbs, left] of [
    ['keeper', ['create', 'get'], true],
    ['cleaner', ['create', 'get', 'delete'], false],
  ] as const) {
    const what = left ? 'is told that it stays' : 'is taken away again';
    await t.test(`a grant whose maker may give it no code ${what}`, async () => {
      const { api } = world;
      const token = await tokenFor(api, name);
      const user = `system:serviceaccount:default:${name}`;
      await grantTo(api, name, user, [
        { verbs, apiGroups: ['drawbridge.dev'], resources: ['gatewaytokens'] },
        { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
      ]);
      const server = api.server.origin;
      const config = kubeconfigWith(t, { server, token, ca: api.files.ca });
      const words = [
        'gateway',
        'link',
        name,
        '--resource',
        'pods',
        '--verb',
        'get',
        '-n',
        'default',
      ];
      const { code, stdout, stderr } = await cli([
        '--kubeconfig',
        config,
        ...words,
        '--gateway',
        url,
      ]);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, /got no code: .*gatewaytokens/);
      assert.match(stderr, /\ndrawbridge: it takes the verb update on gatewaytokens\/status/);
      assert.equal(stderr.includes(`'drawbridge gateway revoke ${name}' ends it`), left, stderr);
      const key = { namespace: 'default', name };
      assert.equal((await world.client.find(gatewayToken, key)) !== undefined, left);
    });
  }

  await t.test('what ended long ago is listed when asked for', async () => {
    const list = (...words: string[]) =>
      cli(['--kubeconfig', world.api.kubeconfig, '-n', 'default', 'gateway', 'list', ...words]);
    await world.grant('old', { rules: [rule], notBefore: '2020-01-01T00:00:00Z' });
    await until(async () => (await world.read('old')).status?.message === 'Expired', 'old');
    const { stdout, stderr } = await list();
    assert.match(stdout, /^ended .* Revoked/m);
    assert.doesNotMatch(stdout, /^old /m);
    assert.match(stderr, /^1 that ended more than an hour ago: --ended shows them$/m);
    const all = await list('--ended');
    assert.match(all.stdout, /^old .* Expired/m);
    assert.equal(all.stderr, '');
    assert.match((await list('-o', 'json')).stdout, /"name": "old"/);
  });
});

/** A kubeconfig with a bearer in it. */
function kubeconfigWith(
  t: TestContext,
  { server, token, ca }: { readonly server: string; readonly token: string; readonly ca: string },
): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-grant-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'kubeconfig');
  const data = Buffer.from(ca).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': data } }],
    users: [{ name: 'u', user: { token } }],
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
