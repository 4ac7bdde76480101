/**
 * The verbs against the real API server. There are no controllers here: where a verb waits, the
 * test writes the status that a controller would.
 */
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type KubeObject, objectPath, type ResourceDefinition } from '#kube/index.ts';
import { accessGrant, accessToken, connector, link, listener, site } from '#apis/index.ts';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { testAuthority } from '../support/service-tls.ts';
import { until } from '../support/until.ts';
import { cli as runLine, type CliOutcome } from '../support/up-cli.ts';

interface World {
  readonly api: TestApiServer;
  /** Runs a command line in namespace `ns`. */
  cli(line: string, stdin?: string): Promise<CliOutcome>;
  /** Runs one that must succeed, and gives its output. */
  ok(line: string, stdin?: string): Promise<string>;
  get(of: ResourceDefinition, name: string): Promise<Found>;
  setStatus(of: ResourceDefinition, name: string, status: object): Promise<void>;
}

interface Found extends KubeObject {
  readonly spec: Record<string, unknown>;
}

const conditions = (...types: string[]): object[] =>
  types.map((type) => ({
    type,
    status: 'True',
    reason: 'Ready',
    message: 'OK',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-22T00:00:00Z',
  }));
const ready = (...types: string[]): object => ({
  status: 'Ready',
  message: 'OK',
  conditions: conditions(...types, 'Ready'),
});

/** Standard error without the progress. */
function errorLines({ stderr }: CliOutcome): string[] {
  return stderr.split('\n').filter((line) => !line.startsWith('waiting: '));
}

async function world(t: TestContext): Promise<World> {
  const api = await apiServerFor(t);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } };
  assert.equal((await api.call('/api/v1/namespaces', { body: namespace })).status, 201);
  const path = (of: ResourceDefinition, name: string): string =>
    objectPath(of, { namespace: 'ns', name });
  const cli: World['cli'] = (line, stdin) =>
    runLine(
      ['--kubeconfig', api.kubeconfig, '-n', 'ns', ...line.split(' ')],
      stdin === undefined ? {} : { stdin },
    );
  return {
    api,
    cli,
    ok: async (line, stdin) => {
      const { code, stdout, stderr } = await cli(line, stdin);
      assert.equal(code, 0, `${line}: ${stderr}`);
      return stdout;
    },
    get: async (of, name) => {
      const { status, json } = await api.call(path(of, name));
      assert.equal(status, 200, `${of.kind} ${name}`);
      return json as Found;
    },
    setStatus: async (of, name, status) => {
      await until(
        async () => (await api.call(path(of, name))).status === 200,
        `${of.kind} ${name}`,
      );
      const { status: code, text } = await api.call(`${path(of, name)}/status`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { status },
      });
      assert.equal(code, 200, text);
    },
  };
}

/** A site that could take links, as its controller would leave it. */
async function activeSite(w: World, extra: object = {}): Promise<void> {
  await w.ok('site create west --enable-link-access --wait none');
  const endpoints = [{ name: 'inter-router', host: 'h', port: '55671', group: 'skupper-router' }];
  const status = { ...ready('Configured', 'Running', 'Resolved'), endpoints, ...extra };
  await w.setStatus(site, 'west', status);
}

test('site create makes the site and says when it is ready', async (t) => {
  const w = await world(t);
  const [outcome] = await Promise.all([
    w.cli('site create west --enable-link-access'),
    w.setStatus(site, 'west', ready('Configured', 'Running')),
  ]);
  assert.deepEqual(outcome, { code: 0, stdout: 'Site "west" is ready.\n', stderr: '' });
  assert.deepEqual((await w.get(site, 'west')).spec, { linkAccess: 'default' });

  const again = await w.cli('site create west');
  assert.equal(again.code, 2);
  assert.match(again.stderr, /^drawbridge: There is already a site created for this namespace\n/);
});

test('with -o the object is printed and nothing else', async (t) => {
  const w = await world(t);
  const made = JSON.parse(await w.ok('site create west --wait none -o json')) as KubeObject;
  assert.equal(made.metadata.name, 'west');
  assert.equal(made.metadata.namespace, 'ns');
});

test('a wait that fails shows what the object says, with exit code 1', async (t) => {
  const w = await world(t);
  const [outcome] = await Promise.all([
    w.cli('site create west --timeout 10s'),
    w.setStatus(site, 'west', { status: 'Pending', message: 'No router pod is ready' }),
  ]);
  assert.equal(outcome.code, 1);
  assert.equal(outcome.stdout, '');
  const [what, todo] = errorLines(outcome);
  assert.equal(what, 'drawbridge: Site "west" is not yet ready: No router pod is ready');
  assert.match(todo ?? '', /drawbridge why site\/west -n ns/);
});

test('acceptance 97: site update keeps what was not given', async (t) => {
  const w = await world(t);
  const body = {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Site',
    metadata: { name: 'west', namespace: 'ns', labels: { a: 'b' } },
    spec: { edge: true, ha: true, defaultIssuer: 'mine', settings: { x: 'y' } },
  };
  await w.api.call('/apis/skupper.io/v2alpha1/namespaces/ns/sites', { body });
  assert.equal(await w.ok('site update --wait none'), 'Site "west" is updated\n');
  assert.deepEqual((await w.get(site, 'west')).spec, body.spec);
  await w.ok('site update west --enable-link-access --wait none');
  const changed = await w.get(site, 'west');
  assert.deepEqual(changed.spec, { ...body.spec, linkAccess: 'default' });
  assert.deepEqual(changed.metadata.labels, { a: 'b' });
  await w.ok('site update --enable-link-access=false --enable-ha=false --wait none');
  assert.deepEqual((await w.get(site, 'west')).spec, {
    ...body.spec,
    linkAccess: 'none',
    ha: false,
  });
});

test('waiting after an update does not take the old status for the new one', async (t) => {
  const w = await world(t);
  await activeSite(w);
  // The status was judged on generation 1; the update makes generation 2, which nobody judges.
  const outcome = await w.cli('site update --enable-ha --timeout 10s');
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /Site "west" is not yet ready/);
});

test('site status shows site, endpoints and network', async (t) => {
  const w = await world(t);
  const none = await w.cli('site status');
  assert.deepEqual(none, {
    code: 0,
    stdout: '',
    stderr: 'There is no existing Skupper site resource\n',
  });
  const network = [{ id: '1', name: 'west', namespace: 'ns', links: [{ remoteSiteName: 'east' }] }];
  await activeSite(w, { network, sitesInNetwork: 1 });
  const shown = await w.ok('site status');
  assert.match(shown, /^NAME +STATUS +MESSAGE\nwest +Ready +OK\n/);
  assert.match(shown, /\ninter-router +h +55671\n/);
  assert.match(shown, /\nwest +ns +east\n/);
  const single = JSON.parse(await w.ok('site status -o json')) as KubeObject;
  assert.equal(single.kind, 'Site');
});

test('site delete needs no name when there is one site, and --all takes the rest along', async (t) => {
  const w = await world(t);
  await activeSite(w);
  await w.ok('listener create l 8080 --wait none');
  await w.ok('connector create c 8080 --host h --wait none');
  assert.equal(await w.ok('site delete --all'), 'Site "west" is deleted\n');
  const noListener = await w.cli('listener status');
  assert.equal(noListener.stderr, 'No listeners found\n');
  assert.equal((await w.cli('connector status')).stderr, 'No connectors found\n');
  const again = await w.cli('site delete');
  assert.equal(again.code, 2);
  assert.match(again.stderr, /There is no existing Skupper site resource to delete/);
});

test('listeners: create, show, update, delete', async (t) => {
  const w = await world(t);
  const created = await w.ok('listener create backend 8080 --wait none');
  assert.equal(created, 'Listener "backend" is created.\n');
  const twice = await w.cli('listener create backend 8080');
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /There is already a listener backend created for namespace ns\n/);

  await w.ok('listener update backend --port 9090 --wait none');
  const routingKey = 'backend';
  const spec = { routingKey, host: 'backend', port: 9090, type: 'tcp' };
  assert.deepEqual((await w.get(listener, 'backend')).spec, spec);
  await w.setStatus(listener, 'backend', {
    ...ready('Configured', 'Matched'),
    hasMatchingConnector: true,
  });
  assert.equal(
    await w.ok('listener status'),
    'NAME      STATUS   ROUTING-KEY   HOST      PORT   MATCHING-CONNECTOR   MESSAGE\n' +
      'backend   Ready    backend       backend   9090   true                 OK\n',
  );
  const list = JSON.parse(await w.ok('listener status -o json')) as { items: unknown[] };
  assert.equal(list.items.length, 1);
  assert.match(await w.ok('listener status backend -o yaml'), /^apiVersion: skupper\.io/);

  assert.equal(await w.ok('listener delete backend'), 'Listener "backend" deleted\n');
  const gone = await w.cli('listener delete backend');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /listener backend does not exist in namespace ns/);
});

test('connectors: a host takes the place of a selector, and Secrets must exist', async (t) => {
  const w = await world(t);
  await w.ok('connector create db 5432 --wait none');
  assert.equal((await w.get(connector, 'db')).spec['selector'], 'app=db');
  await w.ok('connector update db --host 10.0.0.7 --wait none');
  const { spec } = await w.get(connector, 'db');
  assert.deepEqual(spec, { routingKey: 'db', port: 5432, type: 'tcp', host: '10.0.0.7' });
  assert.match(await w.ok('connector status'), /^db +db +10\.0\.0\.7 +5432 +false$/m);

  const noSecret = await w.cli('connector create x 1 --host h --tls-credentials absent');
  assert.equal(noSecret.code, 2);
  assert.match(noSecret.stderr, /tls-secret is not valid: does not exist/);
  const noPods = await w.cli('connector create x 1 --workload deployment/x');
  assert.equal(noPods.code, 2);
  assert.match(noPods.stderr, /failed trying to get Deployment specified by workload: /);
});

test('--workload takes the labels of a Service', async (t) => {
  const w = await world(t);
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'ns' },
    spec: { selector: { tier: 'front', app: 'web' }, ports: [{ port: 80 }] },
  };
  const { status, text } = await w.api.call('/api/v1/namespaces/ns/services', { body });
  assert.equal(status, 201, text);
  await w.ok('connector create web 80 --workload service/web --wait none');
  assert.equal((await w.get(connector, 'web')).spec['selector'], 'app=web,tier=front');
});

test('acceptance 91: token issue writes a private file that token redeem takes', async (t) => {
  const w = await world(t);
  await activeSite(w);
  const path = join(w.api.directory, 'token.yaml');
  const issuing = w.cli(
    `token issue ${path} --redemptions-allowed 3 --expiration-window 25m --cost 2`,
  );
  const grants = await until(async () => {
    const { json } = await w.api.call('/apis/skupper.io/v2alpha1/namespaces/ns/accessgrants');
    const { items } = json as { items: Found[] };
    return items.length === 1 && items;
  }, 'a grant');
  const [grant] = grants;
  assert.ok(grant);
  assert.match(grant.metadata.name, /^west-[0-9a-f-]{36}$/);
  assert.deepEqual(grant.spec, { redemptionsAllowed: 3, expirationWindow: '25m0s' });
  await w.setStatus(accessGrant, grant.metadata.name, {
    ...ready('Processed', 'Resolved'),
    url: 'https://127.0.0.1:9090/uid',
    code: 'open sesame',
    ca: 'PEM',
    expirationTime: '2026-11-22T03:00:00Z',
  });
  const issued = await issuing;
  assert.equal(issued.code, 0, issued.stderr);
  assert.match(issued.stdout, new RegExp(`^Grant "${grant.metadata.name}" is ready\nToken file `));
  assert.match(issued.stdout, /drawbridge token redeem /);
  assert.match(issued.stdout, /The token expires after 3 use\(s\) or after 25m0s\.\n$/);
  assert.doesNotMatch(issued.stdout, /sesame/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  const self = await w.cli(`token redeem ${path}`);
  assert.equal(self.code, 1);
  assert.match(
    self.stderr,
    /^drawbridge: Can't create connection to self with token\ndrawbridge: /,
  );
  // Another site comes in the place of the one that issued it.
  await w.ok('site delete --all');
  await w.ok('site create east --wait none');
  const [redeemed] = await Promise.all([
    w.cli(`token redeem ${path}`),
    w.setStatus(accessToken, grant.metadata.name, { ...ready('Redeemed'), redeemed: true }),
  ]);
  assert.deepEqual(redeemed, {
    code: 0,
    stdout: `Token "${grant.metadata.name}" has been redeemed\n`,
    stderr: '',
  });
  assert.deepEqual((await w.get(accessToken, grant.metadata.name)).spec, {
    url: 'https://127.0.0.1:9090/uid',
    code: 'open sesame',
    ca: 'PEM',
    linkCost: 2,
  });

  const again = await w.ok(`token redeem -`, await readFile(path, 'utf8'));
  assert.match(again, /has been redeemed/, 'the same token again is no fault');
});

test('acceptance 93: a token that cannot be redeemed says why, with exit code 1', async (t) => {
  const w = await world(t);
  await w.ok('site create east --wait none');
  const spec = { url: 'https://127.0.0.1:1/x', code: 'c', ca: 'x' };
  const token = { apiVersion: 'skupper.io/v2alpha1', kind: 'AccessToken', metadata: { name: 't' } };
  const text = JSON.stringify({ ...token, spec });
  const message = 'Controller got failed response: 404 (Not Found) No such access granted';
  const [outcome] = await Promise.all([
    w.cli('token redeem - --timeout 10s', text),
    w.setStatus(accessToken, 't', { status: 'Error', message }),
  ]);
  assert.equal(outcome.code, 1);
  const [what] = errorLines(outcome);
  assert.equal(what, `drawbridge: Token "t" redeem not ready yet: ${message}`);
  const other = JSON.stringify({ ...token, spec: { ...spec, code: 'd' } });
  const clash = await w.cli('token redeem -', other);
  assert.equal(clash.code, 2);
  assert.match(clash.stderr, /there is already another token "t" in namespace ns/);
});

test('token issue refuses sites that cannot take links', async (t) => {
  const w = await world(t);
  const refusal = async (): Promise<string> => {
    const { code, stderr } = await w.cli('token issue -');
    assert.equal(code, 2, stderr);
    return stderr.split('\n')[0] ?? '';
  };
  assert.match(await refusal(), /A site must exist in namespace ns before a token can be created/);
  await w.ok('site create west --wait none');
  assert.match(await refusal(), /there is no active skupper site in this namespace/);
  await w.setStatus(site, 'west', ready('Configured', 'Running'));
  assert.match(
    await refusal(),
    /You must enable link access for this site before you can create a token\./,
  );
});

test('links: status, update and generate', async (t) => {
  const w = await world(t);
  const noSite = await w.cli('link status');
  assert.equal(noSite.code, 2);
  assert.match(noSite.stderr, /there is no skupper site available/);
  await activeSite(w);
  assert.equal(
    (await w.cli('link status')).stderr,
    'There are no link resources in the namespace\n',
  );

  const manifests = await w.ok(
    'link generate --no-generate-credential --tls-credentials s --cost 4',
  );
  assert.match(manifests, /^apiVersion: skupper\.io\/v2alpha1\nkind: Link\n/);
  const body = JSON.parse(
    await w.ok('link generate --no-generate-credential --tls-credentials s --cost 4 -o json'),
  ) as Found;
  assert.equal(body.metadata.name, 'link-west-skupper-router');
  await w.api.call('/apis/skupper.io/v2alpha1/namespaces/ns/links', { body });
  const status = { ...ready('Configured', 'Operational'), remoteSiteName: 'east' };
  await w.setStatus(link, 'link-west-skupper-router', status);
  assert.equal(
    await w.ok('link status'),
    'NAME                       STATUS   COST   REMOTE SITE   MESSAGE\n' +
      'link-west-skupper-router   Ready    4      east          OK\n' +
      '\nLink link-west-skupper-router is connected\n',
  );
  const sentence = 'Link link-west-skupper-router is connected\n';
  assert.equal(await w.ok('link status link-west-skupper-router'), sentence);
  assert.match(
    await w.ok('link status link-west-skupper-router -v'),
    /^Link .*\nName: +link-west-skupper-router\nStatus: +Ready\nNamespace: +ns\nSite: +east\nCost: +4\n/,
  );
  await w.ok('link update link-west-skupper-router --wait none');
  assert.equal((await w.get(link, 'link-west-skupper-router')).spec['cost'], 4);
  const deleted = await w.ok('link delete link-west-skupper-router');
  assert.equal(deleted, 'Link "link-west-skupper-router" is deleted\n');
  const unknown = await w.cli('link status nosuch');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^drawbridge: No such link "nosuch"\n/);
});

test('acceptance 94: link generate prints links and Secret; it waits for the certificate', async (t) => {
  const w = await world(t);
  await activeSite(w);
  const generating = w.cli('link generate');
  const certificates = '/apis/skupper.io/v2alpha1/namespaces/ns/certificates/link-west';
  const made = await until(async () => {
    const { status, json } = await w.api.call(certificates);
    return status === 200 && (json as Found);
  }, 'a Certificate');
  assert.deepEqual(made.spec, { ca: 'skupper-site-ca', subject: 'link-west', client: true });
  const { cert } = await (await testAuthority('ca')).server('link-west', ['link-west']);
  const crt = Buffer.from(cert).toString('base64');
  const data = { 'tls.crt': crt, 'tls.key': 'eA==', 'ca.crt': 'eA==' };
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'link-west', namespace: 'ns', labels: { private: 'yes' } },
    type: 'kubernetes.io/tls',
    data,
  };
  assert.equal((await w.api.call('/api/v1/namespaces/ns/secrets', { body })).status, 201);
  const { code, stdout, stderr } = await generating;
  assert.equal(code, 0, stderr);
  const [first = '', second = ''] = stdout.split('---\n');
  assert.match(first, /kind: Link\n/);
  assert.match(second, /kind: Secret\n/);
  assert.doesNotMatch(second, /private|uid|resourceVersion/);

  // What is handed out is on record once, and not handed out again once it is revoked.
  assert.equal((await w.cli('link generate')).code, 0);
  const records = '/apis/drawbridge.dev/v1alpha1/namespaces/ns/issuedlinks';
  const { json } = await w.api.call(records);
  const { items } = json as { items: Found[] };
  assert.deepEqual(
    items.map(({ spec }) => [spec?.['tokenName'], spec?.['issuer'], spec?.['commonName']]),
    [['link-west', 'skupper-site-ca', 'link-west']],
  );
  const path = `${records}/${items[0]?.metadata.name}`;
  const headers = { 'content-type': 'application/merge-patch+json' };
  const revoked = JSON.stringify({ spec: { revoked: true } });
  assert.equal((await w.api.call(path, { method: 'PATCH', headers, body: revoked })).status, 200);
  const refused = await w.cli('link generate');
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, '');
  assert.match(refused.stderr, /the certificate in Secret "link-west" was revoked\n.*delete cert/);
});

test('a namespace that is not there is named, and can be made on the way', async (t) => {
  const { api } = await world(t);
  const line = [
    '--kubeconfig',
    api.kubeconfig,
    '-n',
    'fresh',
    'site',
    'create',
    's',
    '--wait=none',
  ];
  const outcome = await runLine(line);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, /^drawbridge: there is no namespace fresh\n/);
  assert.equal((await runLine([...line, '--create-namespace'])).code, 0);
});

test('an API that does not answer is named with where its address came from', async (t) => {
  const w = await world(t);
  await w.api.server.stop({ graceMs: 0 });
  const { code, stderr } = await w.cli('site status');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^drawbridge: https:\/\/127\.0\.0\.1:\d+ \(from --kubeconfig\) cannot be reached: /,
  );
});

test('token status tells what a file is, who made it and what its grant says', async (t) => {
  const w = await world(t);
  await w.ok('site create west --wait none');
  const { metadata } = await w.get(site, 'west');
  const url = 'https://127.0.0.1:1/abc';
  const text = JSON.stringify({
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 't', annotations: { 'skupper.io/generated-by': metadata.uid } },
    spec: { url, code: 'c', ca: 'x' },
  });
  assert.match(await w.ok('token status -', text), /State: +revoked or deleted/);
  const made = { spec: { redemptionsAllowed: 2 }, metadata: { name: 'g' }, kind: 'AccessGrant' };
  const grant = JSON.stringify({ apiVersion: 'skupper.io/v2alpha1', ...made });
  await w.ok('system apply -f -', grant);
  const expirationTime = '2999-01-01T00:00:00Z';
  await w.setStatus(accessGrant, 'g', { url, redemptions: 1, expirationTime });
  assert.equal(
    await w.ok('token status -', text),
    [
      `Token was generated by local site with id: ${metadata.uid}`,
      'Name:        t',
      'Path:        -',
      'Type:        claim',
      'Uses made:   1 of 2',
      `Expires:     ${expirationTime}`,
      'State:       usable once more',
      '',
    ].join('\n'),
  );
  await w.setStatus(accessGrant, 'g', { redemptions: 2 });
  const json = JSON.parse(await w.ok('token status - -o json', text)) as object;
  assert.deepEqual({ ...json, state: 'used up' }, json);
  const foreign = text.replace(metadata.uid ?? '', 'someone-else').replace('/abc', '/def');
  assert.match(
    await w.ok('token status -', foreign),
    /^Token was generated by remote site with id/,
  );
});
