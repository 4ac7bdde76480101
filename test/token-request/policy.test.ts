import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  array,
  assert as assertProperty,
  constantFrom,
  nat,
  oneof,
  property,
  tuple,
} from 'fast-check';
import { StatusError } from '#kube/index.ts';
import { parsePolicy, type TokenRequestPolicy } from '#token-request/index.ts';
import { readBearerClaims } from '#token-request/bearer-claims.ts';
import { clientAddress } from '#http/index.ts';
import { parseTrustedProxies } from '#token-request/client-address.ts';
import { readsBody, refuseCaller, refuseSpec } from '#token-request/policy.ts';
import { encodeTokenRequest, readTokenRequestSpec } from '#token-request/request-body.ts';
import { readTokenTarget } from '#token-request/target.ts';
import { envelope, message } from '../support/protobuf-writer.ts';

const target = { namespace: 'bots', account: 'deployer', upstream: '' };
const claimsOf = (claims: object) =>
  readBearerClaims(`h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`);
const own = { sub: 'system:serviceaccount:bots:deployer' };

const callers: readonly [string, object, object | undefined, RegExp | undefined][] = [
  ['no policy', {}, undefined, undefined],
  ['listed account', { accounts: ['bots/deployer'] }, undefined, undefined],
  ['listed namespace', { accounts: ['bots/*'] }, undefined, undefined],
  ['other account', { accounts: ['bots/other', 'x/*'] }, own, /not given out here/],
  ['own token', { selfOnly: true }, own, undefined],
  ['token of another', { selfOnly: true }, { sub: 'system:serviceaccount:bots:x' }, /of its own/],
  ['no token', { selfOnly: true }, undefined, /of its own/],
  ['long-lived bearer', { bearerLifetimeMin: '24h' }, own, undefined],
  ['minted bearer', { bearerLifetimeMin: '24h' }, { ...own, iat: 1000, exp: 4600 }, /short-lived/],
  ['year-long bearer', { bearerLifetimeMin: '24h' }, { iat: 0, exp: 31_536_000 }, undefined],
  ['no JWT', { bearerLifetimeMin: '24h' }, undefined, /not a service account token/],
];

for (const [name, policy, claims, refusal] of callers) {
  test(`who may ask: ${name}`, () => {
    const found = refuseCaller(
      parsePolicy(policy),
      target,
      claims === undefined ? undefined : claimsOf(claims),
    );
    if (refusal === undefined) assert.equal(found, undefined);
    else assert.match(found?.message ?? '', refusal);
  });
}

const specs: readonly [string, object, object, RegExp | undefined][] = [
  ['an audience', { audiences: ['a'] }, { audiences: ['a'] }, undefined],
  ['another audience', { audiences: ['a'] }, { audiences: ['a', 'b'] }, /"b" is not allowed/],
  ['none', { audienceRequired: true }, {}, /must name an audience/],
  ['short', { expirationMax: '10m' }, { expirationSeconds: 600 }, undefined],
  ['long', { expirationMax: '10m' }, { expirationSeconds: 601 }, /at most 600/],
  ['unsaid, which means an hour', { expirationMax: '10m' }, {}, /at most 600/],
  ['bound', { boundObjectKinds: ['Secret'] }, { boundObjectRef: { kind: 'Secret' } }, undefined],
  ['bound otherwise', { boundObjectKinds: [] }, { boundObjectRef: { kind: 'Pod' } }, /"Pod" here/],
];

for (const [name, policy, spec, refusal] of specs) {
  test(`what may be asked for: ${name}`, () => {
    const parsed = parsePolicy(policy);
    assert.equal(readsBody(parsed), true);
    const read = readTokenRequestSpec(Buffer.from(JSON.stringify({ spec })));
    const found = refuseSpec(parsed, 'deployer', read);
    if (refusal === undefined) assert.equal(found, undefined);
    else assert.match(found?.message ?? '', refusal);
  });
}

test('a policy that is wrong names the field', () => {
  for (const [value, field] of [
    [[], /the file/],
    [{ account: [] }, /account must be one of accounts, audiences/],
    [{ accounts: ['a'] }, /accounts must be "namespace\/name"/],
    [{ accounts: 'a/b' }, /accounts must be a list/],
    [{ selfOnly: 'yes' }, /selfOnly/],
    [{ expirationMax: '1d' }, /expirationMax/],
    [{ expirationMax: '-5m' }, /expirationMax/],
    [{ expirationMax: '9m' }, /expirationMax must be 10m or more/],
    [{ bearerLifetimeMin: 25 }, /bearerLifetimeMin/],
  ] as const) {
    assert.throws(() => parsePolicy(value), {
      code: 'TOKENREQUEST_POLICY_INVALID',
      message: field,
    });
  }
  assert.deepEqual(parsePolicy(null), {} satisfies TokenRequestPolicy);
});

test('what kubectl sends as protobuf is the same request', () => {
  const reference = message([1, 'Secret'], [2, 'v1'], [3, 's'], [4, 'u']);
  const spec = message([1, 'a'], [1, 'b'], [3, reference], [4, 600]);
  const body = envelope('authentication.k8s.io/v1', 'TokenRequest', message([2, spec]));
  const read = readTokenRequestSpec(body);
  assert.deepEqual(read, {
    audiences: ['a', 'b'],
    expirationSeconds: 600,
    boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'u' },
  });
  assert.deepEqual(readTokenRequestSpec(encodeTokenRequest(read)), read);
});

test('bodies that are not a TokenRequest are refused with the field', () => {
  for (const [text, words] of [
    ['', /not JSON/],
    ['[]', /not an object/],
    ['{"kind":"Secret"}', /kind must be TokenRequest/],
    ['{"apiVersion":"v1"}', /apiVersion/],
    ['{"Spec":{}}', /unknown field "Spec"/],
    ['{"spec":{"Audiences":[]}}', /unknown field "spec.Audiences"/],
    ['{"spec":{"audiences":"a"}}', /spec.audiences/],
    ['{"spec":{"audiences":[1]}}', /spec.audiences/],
    ['{"spec":{"expirationSeconds":1.5}}', /expirationSeconds/],
    ['{"spec":{"expirationSeconds":"600"}}', /expirationSeconds/],
    ['{"spec":{"boundObjectRef":{"kind":1}}}', /boundObjectRef.kind/],
    ['k8s\0garbage', /protobuf/],
  ] as const) {
    assert.throws(() => readTokenRequestSpec(Buffer.from(text)), words, text);
  }
});

test('any target is either the one path, byte for byte, or refused', () => {
  const piece = constantFrom(
    ...'/ api v1 namespaces default serviceaccounts token .. . %2f ? & dryRun=All kubernetes ; \\ % # A - watch=1'.split(
      ' ',
    ),
  );
  const good = '/kubernetes/api/v1/namespaces/a/serviceaccounts/b/token';
  const targets = oneof(
    array(piece, { maxLength: 16 }).map((pieces) => pieces.join('')),
    tuple(nat(good.length), piece).map(([at, text]) => good.slice(0, at) + text + good.slice(at)),
  );
  assertProperty(
    property(targets, (given) => {
      try {
        const { namespace, account, upstream } = readTokenTarget(given, '/kubernetes');
        const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
        assert.equal(upstream.split('?', 1)[0], path);
        assert.equal(`/kubernetes${upstream}`, given);
        const url = new URL(upstream, 'https://a.example');
        assert.equal(`${url.pathname}${url.search}`, upstream);
      } catch (thrown) {
        assert.ok(thrown instanceof StatusError, String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});

test('addresses: the nearest hop that is not a trusted proxy', () => {
  const trusted = parseTrustedProxies(['10.0.0.0/8', '::1']);
  assert.equal(clientAddress('192.0.2.1', '1.1.1.1', trusted), '192.0.2.1');
  assert.equal(clientAddress('10.1.1.1', '1.1.1.1, 2.2.2.2', trusted), '2.2.2.2');
  assert.equal(clientAddress('::ffff:10.1.1.1', '1.1.1.1, 10.2.2.2', trusted), '1.1.1.1');
  assert.equal(clientAddress('::1', 'garbage', trusted), '::1');
  for (const range of ['10.0.0.0/33', 'a', '10.0.0.0/', '::/129', '10.0.0.0/-1']) {
    assert.throws(() => parseTrustedProxies([range]), { code: 'TOKENREQUEST_OPTION_INVALID' });
  }
});
