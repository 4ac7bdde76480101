/** The TokenRequest API exposed before an API server that answers for itself. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { httpsRequest } from '#http/index.ts';
import { requestRatesDefault, startTokenRequestServer } from '#token-request/index.ts';
import { grantTo, tokenFor } from '../support/api-identities.ts';
import { gatewayTarget, test } from '../support/gateway-target.ts';
import { kubectlPath } from '../support/process-kubectl.ts';
import { runProcess } from '../support/process-runner.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';

const path = '/api/v1/namespaces/default/serviceaccounts/bot/token';

async function bench(t: TestContext) {
  const { api } = await gatewayTarget(t);
  const { files } = api;
  const server = await startTokenRequestServer(
    { clock: systemClock, log: silentLogger, metrics: noMetrics },
    {
      host: '127.0.0.1',
      port: 0,
      tls: { cert: files.serverCert, key: files.serverKey },
      prefix: '/kubernetes',
      upstream: { url: new URL(api.server.origin), ca: async () => files.ca },
      policy: {},
      rates: requestRatesDefault,
      trustedProxies: [],
      corsOrigins: [],
    },
  );
  t.after(() => server.stop({ graceMs: 0 }));
  const base = `https://127.0.0.1:${server.port}/kubernetes`;
  const bearer = await tokenFor(api, 'bot', { expirationSeconds: 3600 });
  const rule = { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] };
  await grantTo(api, 'bot', 'system:serviceaccount:default:bot', [
    { ...rule, resourceNames: ['bot'] },
  ]);
  const post = (spec: object) =>
    httpsRequest({
      url: `${base}${path}`,
      method: 'POST',
      ca: files.ca,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ spec }),
    });
  await until(async () => (await post({})).status === 201, 'the right to be known');
  return { api, base, bearer, post };
}

test('gateway acceptance 10: an anonymous caller gets what the API server itself says', async (t) => {
  const { api, base } = await bench(t);
  const { ca } = api.files;
  const direct = await httpsRequest({ url: `${api.server.origin}${path}`, ca });
  const through = await httpsRequest({ url: `${base}${path}`, ca });
  assert.equal(through.status, 403);
  assert.deepEqual(through.body, direct.body);
});

test('gateway acceptance 11: tokens by JSON and protobuf are good for their audience alone', async (t) => {
  const { api, base, bearer, post } = await bench(t);
  const made = await post({ audiences: ['https://vault'], expirationSeconds: 600 });
  assert.equal(made.status, 201, made.body.toString());
  const tokens: string[] = [JSON.parse(made.body.toString()).status.token];
  if (kubectlPath !== undefined) {
    const ca = join(await temporaryFolder(t), 'ca.crt');
    writeFileSync(ca, api.files.ca);
    const args = ['--kubeconfig=/dev/null', `--server=${base}`, `--certificate-authority=${ca}`];
    const create = ['create', 'token', 'bot', '--namespace=default', '--audience=https://vault'];
    const run = await runProcess(kubectlPath, [...args, `--token=${bearer}`, ...create]);
    tokens.push(succeeded(run).trim());
  }
  for (const token of tokens) {
    for (const [audience, good] of [
      ['https://vault', true],
      ['https://other', false],
    ] as const) {
      const body = { spec: { token, audiences: [audience] } };
      const review = await api.call('/apis/authentication.k8s.io/v1/tokenreviews', { body });
      assert.equal(review.json.status.authenticated ?? false, good, audience);
    }
  }
});

test('gateway acceptance 59, 60: the refusals of the server pass, everything else is not there', async (t) => {
  const { api, base, bearer, post } = await bench(t);
  const short = await post({ expirationSeconds: 599 });
  assert.equal(short.status, 422, short.body.toString());
  assert.match(short.body.toString(), /expirationSeconds/);
  const headers = { authorization: `Bearer ${bearer}` };
  for (const [at, status] of [
    ['/api/v1/namespaces/default/serviceaccounts/bot', 404],
    ['/api/v1/namespaces/default/secrets', 404],
    ['/version', 404],
    [`${path}?watch=1`, 400],
    [path, 403],
  ] as const) {
    const answer = await httpsRequest({ url: `${base}${at}`, ca: api.files.ca, headers });
    assert.equal(answer.status, status, at);
  }
});
