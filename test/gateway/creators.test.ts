/** Who created a grant, in a cluster: questions of API servers, seals, and the webhook's configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { GatewayToken } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { Creators, GatewayError } from '#gateway/index.ts';
import { parseAdmissionReview } from '#gateway/creator/admission-review.ts';
import { startReviewServer } from '#gateway/creator/review-server.ts';
import { withWebhook, webhookHosts } from '#gateway/creator/webhook-configuration.ts';
import { decideUse } from '#gateway/grant/use.ts';
import { HttpError, httpsRequest } from '#http/index.ts';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { systemClock } from '../support/system.ts';

const hour = 3_600_000;
const rules = [{ verbs: ['get'], resources: ['pods'] }];

function grantOf(more: Partial<GatewayToken> = {}): GatewayToken {
  const metadata = {
    namespace: 'a',
    name: 'g',
    uid: 'u-1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  const [apiVersion, kind] = ['drawbridge.dev/v1alpha1', 'GatewayToken'];
  return { apiVersion, kind, metadata, spec: { rules }, ...more };
}

const creators = new Creators(Buffer.alloc(32, 1), systemClock);

function sealed(grant: GatewayToken, creator = 'alice'): GatewayToken {
  return { ...grant, status: creators.vouched(grant, creator) };
}

test('a seal is for one object, one creator, one login and what it opens, by one key', () => {
  const good = sealed(grantOf());
  assert.equal(creators.isProven(good), true);
  const { metadata, spec, status } = good;
  const login = { user: 'root', issuer: 'i', subject: 's' };
  const bad: readonly Partial<GatewayToken>[] = [
    { metadata: { ...metadata, uid: 'u-2' } },
    { metadata: { ...metadata, name: 'h' } },
    { metadata: { ...metadata, namespace: 'b' } },
    { spec: { ...spec, rules: [{ verbs: ['*'] }] } },
    { spec: { ...spec, usesAllowed: 2 } },
    { spec: { ...spec, urls: ['/x'] } },
    { status: { ...status, issuedBy: 'eve' } },
    { status: { ...status, login } },
    { status: { ...status, seal: `${status?.seal ?? ''}x` } },
    { status: { ...status, seal: '' } },
  ];
  for (const change of bad) {
    assert.equal(creators.isProven({ ...good, ...change }), false, JSON.stringify(change));
  }
  const other = new Creators(Buffer.alloc(32, 2), systemClock);
  assert.equal(other.isProven(structuredClone(good)), false);
  assert.notEqual(other.path, creators.path);
});

test('what may change later, and defaults that a newer kind fills in, leave a seal good', () => {
  const good = sealed(grantOf());
  for (const spec of [
    { rules, revoked: true },
    { rules: [{ ...rules[0]!, effect: 'allow' as const }] },
    { rules, usesAllowed: 1, expirationWindow: '15m', viewOnly: false, cluster: 'local' },
  ]) {
    assert.equal(creators.isProven({ ...good, spec }), true, JSON.stringify(spec));
  }
  const used = { ...good, status: { ...good.status, uses: 3, codeHash: 'x' } };
  assert.equal(creators.isProven(used), true);
});

test('nobody is vouched for over a creator that was there before', () => {
  const forged = grantOf({ status: { issuedBy: 'root' } });
  assert.equal(creators.vouched(forged, 'eve'), forged.status);
  const other = grantOf({ status: { issuedBy: 'eve', seal: 'v1.x' } });
  assert.equal(creators.vouched(other, 'eve'), other.status);
});

test('only what was admitted, under its own name and as it was, is vouched for', () => {
  const grant = grantOf();
  assert.equal(creators.withCreator(grant), grant);
  creators.onAdmitted(grant, 'alice');
  assert.equal(creators.withCreator(grant).status?.issuedBy, 'alice');
  const renamed = grantOf({ metadata: { ...grant.metadata, name: 'h' } });
  const wider = grantOf({ spec: { rules: [{ verbs: ['*'] }] } });
  for (const each of [renamed, wider]) assert.equal(creators.withCreator(each), each);
});

test('a grant without a seal is not used, and young ones are told to wait', () => {
  const limits = { windowMsMax: hour, isProven: (grant: GatewayToken) => creators.isProven(grant) };
  const attempt = { client: '127.0.0.1', what: 'redemption', sessionHash: 'x'.repeat(64) } as const;
  const made = Date.parse('2026-01-01T00:00:00Z');
  const codeOf = (grant: GatewayToken, nowMs: number): string | undefined => {
    try {
      decideUse(grant, attempt, nowMs, limits);
      return undefined;
    } catch (thrown) {
      assert.ok(thrown instanceof GatewayError);
      return thrown.code;
    }
  };
  assert.equal(codeOf(grantOf(), made + 1000), 'GATEWAY_BUSY');
  assert.equal(codeOf(grantOf(), made + 60_000), 'GATEWAY_DENIED');
  assert.equal(codeOf(sealed(grantOf()), made + 60_000), undefined);
});

const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'q',
    operation: 'CREATE',
    namespace: 'a',
    resource: { group: 'drawbridge.dev', version: 'v1alpha1', resource: 'gatewaytokens' },
    userInfo: { username: 'alice', groups: ['dev'], extra: { scopes: ['x'] } },
    object: grantOf(),
  },
};

test('a question is read whole or refused, whatever is in it', () => {
  const read = parseAdmissionReview(Buffer.from(JSON.stringify(review)));
  assert.deepEqual(read.user, { name: 'alice', groups: ['dev'], extra: { scopes: ['x'] } });
  assert.deepEqual(
    [read.uid, read.operation, read.dryRun, read.old],
    ['q', 'CREATE', false, undefined],
  );
  const refused = (body: Buffer): boolean => {
    try {
      parseAdmissionReview(body);
      return false;
    } catch (thrown) {
      return thrown instanceof GatewayError && thrown.code === 'GATEWAY_REQUEST';
    }
  };
  for (const request of [
    { ...review.request, uid: '' },
    { ...review.request, uid: 'x'.repeat(129) },
    { ...review.request, resource: { group: '', resource: 'pods' } },
    { ...review.request, userInfo: { groups: ['system:masters'] } },
    { ...review.request, userInfo: { username: 'a', groups: 'system:masters' } },
    { ...review.request, userInfo: { username: 'a', extra: { a: 'b' } } },
    { ...review.request, object: null },
    { ...review.request, object: { metadata: {}, spec: 'x' } },
    null,
  ]) {
    assert.ok(
      refused(Buffer.from(JSON.stringify({ ...review, request }))),
      JSON.stringify(request),
    );
  }
  // Any JSON in any place either reads as a question or is refused as none.
  const places = ['request', 'object', 'userInfo', 'resource', 'uid', 'oldObject'];
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.json({ maxDepth: 3 }), (place, text) => {
      const value: unknown = JSON.parse(text);
      const request = { ...review.request, [place]: value };
      const whole = place === 'request' ? { ...review, request: value } : { ...review, request };
      try {
        parseAdmissionReview(Buffer.from(JSON.stringify(whole)));
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError, String(thrown));
      }
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refused(Buffer.from(bytes))));
});

test('the configuration gets authority and path, by Service and by URL, and nothing else', async () => {
  const nowMs = Date.now();
  const pem = async (commonName: string, lifetimeMs = hour): Promise<string> =>
    (await createAuthority({ commonName, nowMs, lifetimeMs })).certificate.pem;
  const [first, second] = [await pem('first'), await pem('second')];
  const service = { name: 'front', namespace: 'gw', port: 443 };
  const ours = { name: 'gatewaytokens.drawbridge.dev', failurePolicy: 'Fail' };
  const foreign = { name: 'other.example.com', clientConfig: { service } };
  const before = {
    metadata: { name: 'x' },
    webhooks: [{ ...ours, clientConfig: { service } }, foreign],
  };
  assert.deepEqual(webhookHosts(before), ['front.gw.svc']);
  const wish = { path: '/admission/x', nowMs, keepOthers: true };
  const bundleIn = (of: object): string => {
    const [{ clientConfig }] = (of as { webhooks: [{ clientConfig: { caBundle: string } }] })
      .webhooks;
    return Buffer.from(clientConfig.caBundle, 'base64').toString();
  };
  const told = withWebhook(before, { ...wish, caPem: first });
  const caBundle = Buffer.from(bundleIn(told)).toString('base64');
  const clientConfig = { service: { ...service, path: '/admission/x' }, caBundle };
  assert.deepEqual(told, { ...before, webhooks: [{ ...ours, clientConfig }, foreign] });
  assert.equal(withWebhook(told, { ...wish, caPem: first }), told, 'nothing to write');
  const both = withWebhook(told, { ...wish, caPem: second });
  assert.ok(bundleIn(both).includes(first.trim()) && bundleIn(both).includes(second.trim()));
  const later = withWebhook(both, { ...wish, caPem: second, keepOthers: false });
  assert.equal(bundleIn(later).includes(first.trim()), false);
  const ended = withWebhook(both, { ...wish, caPem: second, nowMs: nowMs + 2 * hour });
  assert.equal(bundleIn(ended).includes(first.trim()), false, 'what has ended goes');
  const kept = withWebhook(told, { ...wish, caPem: '' });
  assert.equal(kept, told, 'without ca.crt the bundle is somebody else’s');
  const byUrl = { webhooks: [{ ...ours, clientConfig: { url: 'https://[::1]:9/old' } }] };
  assert.deepEqual(webhookHosts(byUrl), ['::1']);
  const next = withWebhook(byUrl, { ...wish, caPem: first });
  assert.match(JSON.stringify(next), /"url":"https:\/\/\[::1\]:9\/admission\/x"/);
  assert.equal(withWebhook({}, { ...wish, caPem: first }) instanceof Object, true);
});

test('with an authority for the API server, who has no certificate of it is not heard', async (t) => {
  const nowMs = Date.now();
  const by = await createAuthority({ commonName: 'ca', nowMs });
  const leaf = async (server: boolean) => {
    const wish = {
      commonName: 'x',
      hosts: server ? ['127.0.0.1'] : [],
      server,
      client: !server,
      nowMs,
    };
    const { certificate, keys } = await issueCertificate(by, wish);
    return { cert: certificate.pem, key: privateKeyPem(keys.privateKey) };
  };
  const asked: string[] = [];
  const server = await startReviewServer(
    {
      reviews: {
        decide: async ({ user }) => {
          asked.push(user.name);
          return { allowed: true };
        },
      },
      clock: systemClock,
      log: silentLogger,
      metrics: noMetrics,
    },
    {
      host: '127.0.0.1',
      port: 0,
      path: '/p',
      tls: {
        ...(await leaf(true)),
        clientCa: by.certificate.pem,
        clientCertificateRequired: true,
        minVersion: 'TLSv1.2',
      },
    },
  );
  t.after(() => server.stop({ graceMs: 0 }));
  const ask = (identity: object) =>
    httpsRequest({
      method: 'POST',
      url: `${server.origin}/p`,
      ca: by.certificate.pem,
      body: JSON.stringify(review),
      ...identity,
    });
  await assert.rejects(ask({}), HttpError);
  const answer = await ask(await leaf(false));
  assert.deepEqual(JSON.parse(answer.body.toString()), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'q', allowed: true },
  });
  assert.deepEqual(asked, ['alice']);
});
