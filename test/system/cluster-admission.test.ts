/** Who may make which grant in a real Kubernetes, and what becomes of those that nobody looked at. */
import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import { type TestContext, test } from 'node:test';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import {
  AdmissionService,
  Creators,
  hashOf,
  newCode,
  revealHandle,
  type RunningGateway,
  sealKey,
  startGateway,
} from '#gateway/index.ts';
import { httpsRequest } from '#http/index.ts';
import { secret } from '#kube/index.ts';
import { directConnection, type KubeConnection, KubeClient } from '#kubeclient/index.ts';
import { type Authority, createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import {
  readWebhook,
  serveWebhookBy,
  webhookAnswers,
  webhookByUrl,
  webhookPath,
} from '../support/cluster-webhook.ts';
import { freePort } from '../support/controller-process.ts';
import {
  askServer,
  checkDecisions,
  type DecidingServer,
  prepareDecisions,
  tokenOf,
  tokenPath,
} from '../support/gateway-token-decisions.ts';
import { kubernetesSkip, startKubernetes } from '../support/kubernetes.ts';
import { accountKubeconfig, accountToken } from '../support/kubernetes-account.ts';
import { kubectlPath } from '../support/process-kubectl.ts';
import { runProcess, startProcess } from '../support/process-runner.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';
import { launcher, temporaryFolder } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

const namespace = 'drawbridge-system';
const servingKey = { namespace, name: 'gateway-admission' };
const skip = kubernetesSkip || (kubectlPath === undefined && 'kubectl is not installed');
const pods = { apiGroups: [''], resources: ['pods'], verbs: ['list'] };
const installation = [
  'gateway',
  'install',
  '--image=registry.example/drawbridge:1',
  '--public-url=https://localhost',
  '--tls-secret=tls',
  '--admission-secret=gateway-admission',
];
const podsPath = '/k8s/api/v1/namespaces/default/pods';

interface Cluster extends DecidingServer {
  readonly client: KubeClient;
  readonly connection: KubeConnection;
  /** kubectl as the owner, or as somebody with --as. */
  kubectl(args: readonly string[], stdin?: object): ReturnType<typeof runProcess>;
  cli(...args: readonly string[]): ReturnType<typeof runProcess>;
  start(t: TestContext, ...args: readonly string[]): ReturnType<typeof startProcess>;
}

async function cluster(t: TestContext): Promise<Cluster> {
  const kubernetes = await startKubernetes();
  t.after(() => kubernetes.stop());
  const { files, origin, kubeconfig } = kubernetes;
  const { ca, adminCert: cert, adminKey: key } = files;
  const connection = directConnection({ server: origin, ca, cert, key });
  const client = new KubeClient(connection);
  t.after(() => client.close());
  return {
    origin,
    ca,
    cert,
    key,
    client,
    connection,
    kubectl: (args, stdin) =>
      runProcess(
        kubectlPath ?? '',
        ['--kubeconfig', kubeconfig, ...args],
        stdin === undefined ? {} : { input: JSON.stringify(stdin) },
      ),
    cli: (...args) => runProcess(launcher, [...args, '--kubeconfig', kubeconfig]),
    start: (of, ...args) => startProcess(of, launcher, [...args, '--kubeconfig', kubeconfig]),
  };
}

interface Replica {
  readonly gateway: RunningGateway;
  readonly service: AdmissionService;
  readonly creators: Creators;
  get(path: string, token: string): Promise<Told>;
  issue(token: string, wish: object): Promise<Told>;
}

interface Told {
  readonly status: number;
  readonly text: string;
}

/** One of several gateways, each of which may be asked. */
async function replica(
  t: TestContext,
  world: Cluster,
  port: number,
  name = servingKey.name,
): Promise<Replica> {
  const { client, connection } = world;
  const random = systemRandom;
  const creators = new Creators(await sealKey({ client, random }, namespace), systemClock);
  const parts = { client, clock: systemClock, random, metrics: noMetrics };
  const deps = { ...parts, log: silentLogger, creators };
  const by = await createAuthority({ commonName: 'public', nowMs: Date.now() });
  const { certificate, keys } = await issueCertificate(by, {
    commonName: 'gateway',
    hosts: ['127.0.0.1'],
    server: true,
    client: false,
    nowMs: Date.now(),
  });
  const gateway = await startGateway(
    { ...deps, events: { record: () => undefined } },
    {
      host: '127.0.0.1',
      port: 0,
      tls: { cert: certificate.pem, key: privateKeyPem(keys.privateKey) },
      hosts: [],
      namespace,
      clusters: new Map([['local', connection]]),
      identity: 'account',
      issuing: connection,
      protectedNamespaces: [namespace],
      audit: { failClosed: false },
    },
  );
  t.after(() => gateway.stop({ graceMs: 100 }));
  const service = new AdmissionService(deps, {
    host: '127.0.0.1',
    port,
    secret: { namespace, name },
    lookMs: 100,
    settleMs: 500,
    overlapMs: 3000,
  });
  await service.start();
  t.after(() => service.stop({ graceMs: 100 }));
  const ask = async (path: string, token: string, body?: object): Promise<Told> => {
    const answer = await httpsRequest({
      method: body === undefined ? 'GET' : 'POST',
      url: `${gateway.origin}${path}`,
      ca: by.certificate.pem,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: answer.body.toString() };
  };
  return {
    gateway,
    service,
    creators,
    get: (path, token) => ask(path, token),
    issue: (token, wish) => ask('/gateway/v1/grants', token, wish),
  };
}

function authority(commonName: string): Promise<Authority> {
  return createAuthority({ commonName, nowMs: Date.now() });
}

function read(client: KubeClient, name: string): Promise<GatewayToken> {
  return client.get(gatewayToken, { namespace: 'default', name });
}

function proven(client: KubeClient, creators: Creators, name: string): Promise<GatewayToken> {
  return until(async () => {
    const found = await read(client, name);
    return creators.isProven(found) ? found : undefined;
  }, `the creator of ${name} is sealed`);
}

/** A code for a grant, as whoever may write its status gives it. */
async function giveCode(world: Cluster, name: string, as: string, more: object = {}) {
  const code = newCode(systemRandom, { namespace: 'default', name });
  const path = `${tokenPath(name)}/status`;
  const body = { status: { codeHash: hashOf(code), ...more } };
  const answer = await askServer(world, { path, method: 'PATCH', body, as });
  return { answer, code: revealHandle(code) };
}

/** The common name that whoever listens there presents. */
function presented(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().issuer.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a real Kubernetes asks the gateway who may make which grant', { skip }, async (t) => {
  const world = await cluster(t);
  const { client } = world;
  const manifest = (name: string, spec: object): object => ({
    ...tokenOf(name, spec),
    metadata: { name, namespace: 'default' },
  });
  const installed = await world.cli(...installation);
  assert.match(
    succeeded(installed),
    /\nValidatingWebhookConfiguration drawbridge-gateway applied\n/,
  );
  await prepareDecisions(world);

  await t.test('while nobody answers, nobody makes grants, and grants can be ended', async () => {
    const early = await askServer(world, { path: tokenPath(), body: tokenOf('early', {}) });
    assert.equal(early.status, 500, JSON.stringify(early.json));
    await client.raw({ method: 'DELETE', path: webhookPath });
    // Before the webhook is there: everything is possible, and of no use.
    await until(async () => {
      const body = tokenOf('eve', { rules: [{ verbs: ['*'] }], usesAllowed: 9 });
      return (await askServer(world, { path: tokenPath(), body, as: 'other' })).status === 201;
    }, 'the configuration is gone');
    succeeded(await world.cli(...installation));
    const refused = await until(async () => {
      const made = await world.kubectl(['create', '--as=viewer', '-f', '-'], manifest('x', {}));
      return made.code === 0 ? undefined : made.stderr;
    }, 'the configuration is back');
    assert.match(refused, /failed calling webhook "gatewaytokens\.drawbridge\.dev"/);
    const patch = ['--type=merge', '-p', '{"spec":{"revoked":true}}'];
    succeeded(await world.kubectl(['patch', 'gatewaytoken', 'eve', ...patch, '--as=other']));
    succeeded(await world.kubectl(['delete', 'gatewaytoken', 'eve']));
  });

  const port = await freePort();
  await webhookByUrl(client, port);
  await serveWebhookBy(client, await authority('first'), servingKey);
  const first = await replica(t, world, port);
  const second = await replica(t, world, 0);
  await webhookAnswers(client);

  await t.test('as the table says, which the embedded API server fulfils too', async () => {
    await checkDecisions(world, (name) => proven(client, first.creators, name));
    assert.equal((await read(client, 'approved')).status?.issuedBy, 'viewer');
  });

  await t.test('kubectl tells who lacks what; what he has works at every replica', async () => {
    const as = '--as=viewer';
    const refused = await world.kubectl(
      ['create', as, '-f', '-'],
      manifest('more', { rules: [{ ...pods, verbs: ['list', 'delete'] }] }),
    );
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /denied the request: user "viewer".*\n\{APIGroups:\[""\], Resources:\["pods"\], Verbs:\["delete"\]\} in all namespaces\nopen less, /,
    );
    const dry = await world.kubectl(
      ['create', as, '--dry-run=server', '-f', '-'],
      manifest('dry', { rules: [pods] }),
    );
    assert.equal(dry.code, 0, dry.stderr);
    const applied = ['apply', '--server-side', as, '-f', '-'];
    succeeded(await world.kubectl(applied, manifest('mine', { rules: [pods], usesAllowed: 5 })));
    await proven(client, first.creators, 'mine');
    const { answer, code } = await giveCode(world, 'mine', 'viewer');
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    for (const each of [first, second]) {
      const listed = await until(async () => {
        const got = await each.get(podsPath, code);
        return got.status === 200 ? got : undefined;
      }, 'the grant works');
      assert.match(listed.text, /PodList/);
    }
    const edited = await world.kubectl([
      'patch',
      'gatewaytoken',
      'mine',
      '--type=merge',
      as,
      '-p',
      '{"spec":{"rules":[{"verbs":["*"]}]}}',
    ]);
    assert.equal(edited.code, 1);
    assert.match(edited.stderr, /rules cannot change/);
  });

  await t.test('an account with the roles of the guide makes a token and uses it', async () => {
    const grants = '--resource=gatewaytokens.drawbridge.dev';
    const codes = '--resource=gatewaytokens.drawbridge.dev/status';
    for (const line of [
      ['create', 'serviceaccount', 'maker'],
      ['create', 'role', 'grants', '--verb=get,list,watch,create,patch', grants],
      ['create', 'role', 'grant-codes', '--verb=update', codes],
      ['create', 'role', 'pods', '--verb=list', '--resource=pods'],
      ...['grants', 'grant-codes', 'pods'].map((role) => [
        'create',
        'rolebinding',
        role,
        `--role=${role}`,
        '--serviceaccount=default:maker',
      ]),
    ]) {
      succeeded(await world.kubectl(line));
    }
    const { origin: server, ca } = world;
    const account = { server, ca, namespace: 'default', name: 'maker' };
    const folder = await temporaryFolder(t);
    const kubeconfig = await accountKubeconfig(client, { ...account, folder });
    const make = (verb: string) =>
      runProcess(launcher, [
        'gateway',
        'token',
        'create',
        `--verb=${verb}`,
        '--resource=pods',
        `--gateway=${second.gateway.origin}`,
        `--kubeconfig=${kubeconfig}`,
      ]);
    const code = succeeded(await make('list')).trim();
    await until(async () => (await second.get(podsPath, code)).status === 200, 'the token works');
    const refused = await make('delete');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is attempting to open what is not allowed to him/);

    // The gateway's own way needs no right on statuses, and seals at once.
    const bearer = await accountToken(client, account);
    const issued = await second.issue(bearer, { namespace: 'default', spec: { rules: [pods] } });
    assert.equal(issued.status, 403, issued.text);
    const here = { rules: [{ ...pods, namespaces: ['default'] }] };
    const made = await second.issue(bearer, { namespace: 'default', name: 'issued', spec: here });
    assert.equal(made.status, 201, made.text);
    const { status } = await read(client, 'issued');
    assert.equal(status?.issuedBy, 'system:serviceaccount:default:maker');
    assert.ok(first.creators.isProven(await read(client, 'issued')));
  });

  await t.test('a generated name is sealed like a given one', async () => {
    const metadata = { generateName: 'some-' };
    const body = { ...tokenOf('', { rules: [pods] }), metadata };
    const made = await askServer(world, { path: tokenPath(), body, as: 'viewer' });
    assert.equal(made.status, 201, JSON.stringify(made.json));
    await proven(client, first.creators, made.json.metadata.name);
  });

  await t.test(
    'what was made past the webhook does not work, whatever is written in it',
    async () => {
      const found = await readWebhook(client);
      await client.raw({ method: 'DELETE', path: webhookPath });
      const everything = { rules: [{ verbs: ['*'] }], usesAllowed: 9 };
      await until(async () => {
        const body = tokenOf('past', everything);
        return (await askServer(world, { path: tokenPath(), body, as: 'other' })).status === 201;
      }, 'the webhook is gone');
      const { seal, issuedBy } = (await read(client, 'mine')).status ?? {};
      const { answer, code } = await giveCode(world, 'past', 'other', { seal, issuedBy });
      assert.equal(answer.status, 200, JSON.stringify(answer.json));
      const tried = await until(async () => {
        const got = await second.get(podsPath, code);
        return got.status === 401 ? undefined : got;
      }, 'the code is known');
      assert.equal(tried.status, 429);
      assert.match(tried.text, /the creator of the grant is being looked at/);
      const { uid: _u, resourceVersion: _r, ...metadata } = found.metadata;
      const body = { ...found, metadata };
      await client.raw({ method: 'POST', path: webhookPath.replace(/\/[^/]*$/, ''), body });
      await webhookAnswers(client);
    },
  );

  await t.test('nobody but the API server gets a grant sealed, or learns anything', async () => {
    const { pathname } = new URL((await readWebhook(client)).webhooks[0].clientConfig.url ?? '');
    const { metadata, spec } = await read(client, 'past');
    const post = async (path: string, body: string, method = 'POST') => {
      const url = `https://127.0.0.1:${port}${path}`;
      const ca = Buffer.from(
        (await readWebhook(client)).webhooks[0].clientConfig.caBundle ?? '',
        'base64',
      ).toString();
      const answer = await httpsRequest({ method, url, ca, ...(body === '' ? {} : { body }) });
      return { status: answer.status, text: answer.body.toString() };
    };
    const review = (object: object): string =>
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: {
          uid: 'u',
          operation: 'CREATE',
          namespace: 'default',
          resource: { group: 'drawbridge.dev', version: 'v1alpha1', resource: 'gatewaytokens' },
          userInfo: { username: 'root', groups: ['system:masters'] },
          object,
        },
      });
    assert.equal((await post('/', review({ metadata, spec }))).status, 404);
    assert.equal((await post(pathname.slice(0, -1), review({ metadata, spec }))).status, 404);
    assert.equal((await post(pathname, '', 'GET')).status, 405);
    assert.equal((await post(pathname, 'x')).status, 400);
    assert.equal((await post(pathname, ' '.repeat(5 * 1024 * 1024))).status, 413);
    const forged = await post(pathname, review({ metadata, spec }));
    assert.match(forged.text, /"allowed":false.*this grant is there already/);
    // Under another name it is not found; then the seal is for that name.
    const other = await post(pathname, review({ metadata: { ...metadata, name: 'no' }, spec }));
    assert.match(other.text, /"allowed":true/);
    await client.patch(
      gatewayToken,
      { namespace: 'default', name: 'past' },
      { metadata: { labels: { look: 'again' } } },
    );
    await until(async () => (await read(client, 'past')).metadata.labels?.['look'], 'the change');
    await proven(client, first.creators, 'mine');
    assert.equal(first.creators.isProven(await read(client, 'past')), false);
  });

  await t.test('certificates change under way', async () => {
    await serveWebhookBy(client, await authority('second'), servingKey);
    let made = 0;
    await until(
      async () => {
        const body = tokenOf(`turn-${made}`, {});
        const { status, json } = await askServer(world, { path: tokenPath(), body });
        assert.equal(status, 201, JSON.stringify(json));
        made++;
        return (await presented(port)) === 'second';
      },
      'the new certificate',
      20_000,
    );
    // Of no use: for another host, and without its key. The good one stays.
    await serveWebhookBy(client, await authority('third'), servingKey, 'elsewhere.example');
    const { caBundle } = await until(async () => {
      const { clientConfig } = (await readWebhook(client)).webhooks[0];
      const text = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString();
      return text.split('BEGIN').length === 2 ? clientConfig : undefined;
    }, 'the first authority is forgotten');
    assert.ok(caBundle !== undefined);
    assert.equal(await presented(port), 'second');
    await webhookAnswers(client);
  });

  await t.test(
    'the controller makes the certificate, the gateway tells it by Service',
    async (t2) => {
      // All replicas of one installation have the same Secret: these had another.
      for (const { service } of [first, second]) await service.stop({ graceMs: 0 });
      // As installed: the Service instead of the URL, and no Secret of somebody else.
      await client.raw({ method: 'DELETE', path: webhookPath });
      succeeded(await world.cli(...installation.filter((each) => !each.startsWith('--admission'))));
      const flags = ['--disable-metrics', '--namespace', namespace, '--watch-namespace', namespace];
      const controller = world.start(t2, 'controller', ...flags);
      const name = 'drawbridge-gateway-admission';
      const made = await until(
        () => client.find(secret, { namespace, name }),
        controller.describe(),
        30_000,
      );
      const third = await replica(t2, world, 0, name);
      const { clientConfig } = await until(async () => {
        const [webhook] = (await readWebhook(client)).webhooks;
        return webhook.clientConfig.caBundle === undefined ? undefined : webhook;
      }, 'the authority is told');
      assert.notEqual(third.service.port, undefined, 'it presents the certificate');
      const ca = Buffer.from(made.data?.['ca.crt'] ?? '', 'base64')
        .toString()
        .trim();
      assert.equal(
        Buffer.from(clientConfig.caBundle ?? '', 'base64')
          .toString()
          .trim(),
        ca,
      );
      assert.equal(clientConfig.service?.path, third.creators.path);
      // Installing again takes neither away.
      succeeded(await world.cli(...installation.filter((each) => !each.startsWith('--admission'))));
      assert.deepEqual((await readWebhook(client)).webhooks[0].clientConfig, clientConfig);
      await controller.stop();
    },
  );

  await t.test('taking it out leaves no question behind', async () => {
    const removed = succeeded(await world.cli('gateway', 'uninstall'));
    assert.match(removed, /^ValidatingWebhookConfiguration drawbridge-gateway removed\n/);
    const gone = await askServer(world, { path: webhookPath });
    assert.equal(gone.status, 404);
  });
});
