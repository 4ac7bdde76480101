/** Verdicts in a cluster: whom the webhook lets make one, and whose a verdict is afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayVerdict } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { parseAdmissionReview } from '#gateway/creator/admission-review.ts';
import { CreatorReviews } from '#gateway/creator/creator-reviews.ts';
import { Creators } from '#gateway/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import { systemClock } from '../support/system.ts';

const [apiVersion, kind] = ['drawbridge.dev/v1alpha1', 'GatewayVerdict'];
const user = { username: 'ann', uid: '7', groups: ['dev'], extra: { scopes: ['x'] } };

function verdictOf(uid: string, more: Partial<GatewayVerdict['spec']> = {}): GatewayVerdict {
  const metadata = { namespace: 'a', name: 'v', uid };
  return {
    apiVersion,
    kind,
    metadata,
    spec: { token: 'g', uid: 'u', decision: 'approved', ...more },
  };
}

function question(object: GatewayVerdict, more: object = {}) {
  const request = {
    uid: 'q',
    operation: 'CREATE',
    namespace: 'a',
    resource: { group: 'drawbridge.dev', version: 'v1alpha1', resource: 'gatewayverdicts' },
    userInfo: user,
    object,
    ...more,
  };
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
  return parseAdmissionReview(Buffer.from(JSON.stringify(review)));
}

/** @param allowed what the API server says of the right; undefined: nothing */
function reviews(allowed: boolean | undefined, stored?: GatewayVerdict) {
  const creators = new Creators(Buffer.alloc(32, 1), systemClock);
  const asked: unknown[] = [];
  const client = {
    raw: async (request: { readonly body?: unknown }) => {
      asked.push(request.body);
      if (allowed === undefined) throw new KubeClientError('KUBE_UNREACHABLE', 'away');
      return { status: { allowed } };
    },
    find: async () => stored,
  };
  const deps = { client: client as never, creators, clock: systemClock, log: silentLogger };
  return { asked, creators, decide: new CreatorReviews(deps) };
}

test('who may approve makes a verdict, and nobody else is taken for him', async () => {
  const { asked, creators, decide } = reviews(true);
  const verdict = verdictOf('u-1');
  assert.equal(creators.approvers.approverOf(verdict), undefined);
  assert.deepEqual(await decide.decide(question(verdict)), { allowed: true });
  const { username, ...rest } = user;
  assert.deepEqual(creators.approvers.approverOf(verdict), { user: username, ...rest });
  const place = { verb: 'approve', group: 'drawbridge.dev', resource: 'gatewaytokens' };
  const [{ spec }] = asked as [{ spec: Record<string, unknown> }];
  assert.deepEqual(
    [spec['user'], spec['uid'], spec['groups'], spec['extra']],
    ['ann', '7', ['dev'], { scopes: ['x'] }],
  );
  const attributes = { ...place, version: 'v1alpha1', subresource: '', namespace: 'a', name: 'g' };
  assert.deepEqual(spec['resourceAttributes'], attributes);
  // What was admitted counts for nothing else.
  for (const other of [
    verdictOf('u-2'),
    verdictOf('u-1', { decision: 'denied' }),
    verdictOf('u-1', { token: 'h' }),
    verdictOf('u-1', { uid: 'another' }),
    verdictOf('u-1', { reason: 'because' }),
    { ...verdict, metadata: { ...verdict.metadata, namespace: 'b' } },
  ]) {
    assert.equal(creators.approvers.approverOf(other), undefined, JSON.stringify(other));
  }
});

test('a verdict that is refused, tried, or there already is nobody’s', async () => {
  const verdict = verdictOf('u-1');
  const anonymous = { userInfo: { ...user, username: 'system:anonymous' } };
  const long = { userInfo: { ...user, username: 'x'.repeat(513) } };
  const rows: readonly [ReturnType<typeof reviews>, object, number | undefined, RegExp][] = [
    [reviews(false), {}, 403, /you may not yourself approve gatewaytokens\.drawbridge\.dev g in a/],
    [reviews(undefined), {}, 503, /try again/],
    [reviews(true), anonymous, 403, /a user of this name cannot approve/],
    [reviews(true), long, 403, /a user of this name cannot approve/],
    // Somebody who pretends to be the API server, about an object that he has found.
    [reviews(true, verdict), {}, 403, /there already/],
    [reviews(true), { dryRun: true }, undefined, /^$/],
    [reviews(true), { operation: 'UPDATE', oldObject: verdict }, undefined, /^$/],
    [reviews(true), { operation: 'UPDATE', subResource: 'status' }, undefined, /^$/],
  ];
  for (const [{ creators, decide }, more, code, message] of rows) {
    const { status } = await decide.decide(question(verdict, more));
    assert.equal(status?.code, code, JSON.stringify(more));
    assert.match(status?.message ?? '', message);
    assert.equal(creators.approvers.approverOf(verdict), undefined, JSON.stringify(more));
  }
});
