/** What the gateway remembers between requests: bounded, and never good for anything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { GatewayToken } from '#apis/index.ts';
import { KnownRoutes } from '#gateway/http/known-routes.ts';
import { routeOf } from '#gateway/http/route.ts';
import { parseTarget } from '#gateway/request/target.ts';
import { GrantRules } from '#gateway/rules/decide.ts';
import { LastDecisions } from '#gateway/rules/last-decisions.ts';
import { OpenedHandles } from '#gateway/session/opened-handles.ts';

const never = { protectedNamespaces: new Set<string>(), nodesProxy: false };

function grantNamed(name: string): GatewayToken {
  return {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: { namespace: 'default', name },
    spec: {},
  };
}

test('a handle that was let in is let in again for the same client, grant and time alone', () => {
  const opened = new OpenedHandles<{ readonly grant: GatewayToken }>();
  const grant = grantNamed('g');
  const access = { grant };
  opened.keep('h', { access, client: '192.0.2.1', fromMs: 1000, untilMs: 2000 });
  assert.equal(opened.find('h', grant, '192.0.2.1', 1000), access);
  assert.equal(opened.find('h', grant, '192.0.2.1', 1999), access);
  for (const [what, found] of [
    ['another handle', opened.find('i', grant, '192.0.2.1', 1500)],
    ['another client', opened.find('h', grant, '192.0.2.2', 1500)],
    ['the moment it ends', opened.find('h', grant, '192.0.2.1', 2000)],
    ['a clock set back', opened.find('h', grant, '192.0.2.1', 999)],
    // A revoked or counted grant is another object with the same name.
    ['a changed grant', opened.find('h', grantNamed('g'), '192.0.2.1', 1500)],
    ['a deleted grant', opened.find('h', undefined, '192.0.2.1', 1500)],
  ] as const) {
    assert.equal(found, undefined, what);
  }
});

test('handles are remembered in a bounded number, and the one kept longest goes first', () => {
  const opened = new OpenedHandles<{ readonly grant: GatewayToken }>();
  const grant = grantNamed('g');
  const keep = (at: number): void =>
    opened.keep(`h${at}`, { access: { grant }, client: 'c', fromMs: 0, untilMs: 10 });
  const isKnown = (at: number): boolean => opened.find(`h${at}`, grant, 'c', 1) !== undefined;
  for (let at = 0; at < 4096; at++) keep(at);
  keep(0);
  assert.deepEqual([isKnown(0), isKnown(1), isKnown(4095)], [true, true, true]);
  keep(4096);
  assert.deepEqual([isKnown(0), isKnown(1), isKnown(2), isKnown(4096)], [true, false, true, true]);
});

test('a route that is remembered is the one that reading the target gives', () => {
  const routes = new KnownRoutes();
  const targets = ['/k8s/api/v1/pods', '/k8s/api/v1/pods?watch=1', '/clusters/a/api', '/x', '/'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...targets), { minLength: 1 }), (asked) => {
      for (const raw of asked) assert.deepEqual(routes.read(raw), routeOf(parseTarget(raw)));
    }),
  );
  assert.equal(routes.size, targets.length);
  assert.throws(() => routes.read('/k8s/api/../x'), { code: 'GATEWAY_TARGET' });
  assert.throws(() => routes.read('/k8s/api/../x'), { code: 'GATEWAY_TARGET' });
});

test('routes are remembered in a bounded number, and long targets are not', () => {
  const routes = new KnownRoutes();
  routes.read(`/k8s/api/${'a'.repeat(600)}`);
  assert.equal(routes.size, 0);
  for (let at = 0; at < 3000; at++) routes.read(`/k8s/api/v1/pods?limit=${at}`);
  assert.equal(routes.size, 1024);
});

test('a decision is remembered for its rules, method and type of body alone', () => {
  const decisions = new LastDecisions();
  const target = parseTarget('/api/v1/namespaces/n/pods/p');
  const reader = new GrantRules({ rules: [{ verbs: ['get'], resources: ['pods'] }] }, never);
  const nobody = new GrantRules({ rules: [] }, never);
  const patcher = new GrantRules({ rules: [{ verbs: ['patch'], resources: ['pods'] }] }, never);
  const asked = { method: 'GET', target, type: undefined };
  const allowed = (rules: GrantRules, method: string, type?: string): boolean =>
    decisions.decide(rules, { method, target, type }).allowed;
  const first = decisions.decide(reader, asked);
  assert.equal(decisions.decide(reader, asked), first);
  assert.equal(allowed(patcher, 'PATCH', 'application/merge-patch+json'), true);
  assert.equal(allowed(patcher, 'PATCH', 'application/apply-patch+yaml'), false);
  assert.deepEqual(
    [allowed(reader, 'GET'), allowed(nobody, 'GET'), allowed(reader, 'DELETE')],
    [true, false, false],
  );
  assert.equal(allowed(reader, 'GET'), true);
});
