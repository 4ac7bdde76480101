/**
 * Who may do what: the same requests against the embedded server or a real one, compared with what a
 * real kube-apiserver answered. `RECORD=1 TARGET=real` writes the answers again.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { httpsRequest } from '#http/index.ts';
import { isRecord } from '#kube/index.ts';
import { type Target, targetFor, targetSkip } from './target.ts';

const recorded = fileURLToPath(new URL('recorded/access.json', import.meta.url));

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const authz = '/apis/authorization.k8s.io/v1';
const authn = '/apis/authentication.k8s.io/v1';
const core = '/api/v1/namespaces/default';
const accounts = `${core}/serviceaccounts`;

interface Case {
  /** Method and path. */
  readonly ask: string;
  readonly body?: unknown;
  /** User and groups to act as; absent: the owner. */
  readonly as?: readonly string[];
  readonly headers?: Record<string, string>;
}

const maps = { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] };
const manage = {
  verbs: ['create', 'update', 'patch', 'get'],
  apiGroups: ['rbac.authorization.k8s.io'],
  resources: ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'],
};
const bob = ['bob'];

function role(name: string, rules: unknown, more: object = {}): object {
  return { metadata: { name }, rules, ...more };
}

function binding(name: string, roleName: string, kind = 'ClusterRole'): object {
  const apiGroup = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'User', apiGroup, name: 'bob' }];
  return { metadata: { name }, roleRef: { apiGroup, kind, name: roleName }, subjects };
}

function tokenFor(spec: object, metadata: object = {}): Pick<Case, 'ask' | 'body'> {
  return { ask: `POST ${accounts}/acc-bot/token`, body: { metadata, spec } };
}

function boundTo(reference: object): Pick<Case, 'ask' | 'body'> {
  return tokenFor({ boundObjectRef: { apiVersion: 'v1', ...reference } });
}

const may = { verb: 'get', resource: 'configmaps', namespace: 'default' };
const aggregate = (...clusterRoleSelectors: readonly object[]): object => ({
  aggregationRule: { clusterRoleSelectors },
});
const merge = { 'content-type': 'application/merge-patch+json' };

/** In this order: later ones use what earlier ones made. */
const cases: readonly Case[] = [
  // Refusals name verb, resource, group and place.
  ...[
    `GET ${core}/configmaps`,
    `GET ${core}/configmaps/x`,
    `GET ${core}/configmaps?watch=1`,
    `GET ${core}/configmaps?fieldSelector=metadata.name%3Da`,
    'GET /api/v1/configmaps',
    'GET /api/v1/namespaces',
    `GET ${core}`,
    `DELETE ${core}/secrets`,
    `GET ${accounts}/default/token`,
    'GET /api/v1/pods/x/log',
    'GET /apis/nope.io/v1/things',
    'GET /api/v1/watch/configmaps',
    'OPTIONS /api/v1/configmaps',
    'GET /metrics',
    'GET /%3Cscript%3E&',
    'POST /healthz',
    'HEAD /healthz',
  ].map((ask) => ({ ask, as: bob })),
  { ask: `PUT ${core}/status`, body: {}, as: bob },
  { ask: `POST ${accounts}/default/token`, body: {}, as: bob },
  { ask: 'GET /healthz', as: ['system:anonymous'] },
  { ask: 'GET /apis', as: ['system:anonymous'] },
  // Nobody gives away more than he holds.
  { ask: `POST ${rbac}/clusterroles`, body: role('acc-bob', [manage, maps]) },
  { ask: `POST ${rbac}/clusterrolebindings`, body: binding('acc-bob', 'acc-bob') },
  {
    ask: `POST ${rbac}/clusterroles`,
    body: role('acc-more', [
      { ...maps, verbs: ['delete', 'get'], resources: ['configmaps', 'secrets'] },
    ]),
    as: ['bob', 'dev', 'x'],
  },
  {
    ask: `POST ${rbac}/clusterroles`,
    body: role('acc-more', [
      { ...maps, resourceNames: ['a'] },
      { verbs: ['get', 'post'], nonResourceURLs: ['/b', '/a'] },
    ]),
    as: bob,
  },
  {
    ask: `POST ${rbac}/clusterroles`,
    body: role('acc-more', [{ ...maps, resources: ['*'] }]),
    as: bob,
  },
  {
    ask: `POST ${rbac}/clusterroles`,
    body: role('acc-ok', [{ ...maps, resourceNames: ['a'] }]),
    as: bob,
  },
  {
    ask: `PATCH ${rbac}/clusterroles/acc-ok`,
    body: { rules: [{ ...maps, verbs: ['*'] }] },
    headers: merge,
    as: bob,
  },
  {
    ask: `PATCH ${rbac}/clusterroles/system:discovery`,
    body: { metadata: { annotations: { x: 'y' } } },
    headers: merge,
    as: bob,
  },
  { ask: `POST ${rbac}/clusterrolebindings`, body: binding('acc-b2', 'cluster-admin'), as: bob },
  { ask: `POST ${rbac}/clusterrolebindings`, body: binding('acc-b3', 'acc-gone'), as: bob },
  {
    ask: `POST ${rbac}/namespaces/default/rolebindings`,
    body: binding('acc-b4', 'acc-gone', 'Role'),
    as: bob,
  },
  {
    ask: `POST ${rbac}/clusterroles`,
    body: role('acc-agg', null, aggregate({ matchLabels: { a: 'b' } })),
    as: bob,
  },
  { ask: `POST ${rbac}/clusterroles`, body: role('acc-agg', null, aggregate()) },
  { ask: `GET ${core}/configmaps/acc-none`, as: bob },
  // Acting as others.
  { ask: `POST ${authn}/selfsubjectreviews`, body: {}, as: ['eve', 'a,b', 'c'] },
  { ask: `POST ${authn}/selfsubjectreviews`, body: {}, as: ['system:serviceaccount:west:bot'] },
  {
    ask: `POST ${authn}/selfsubjectreviews`,
    body: {},
    as: ['system:serviceaccount:west:bot', 'dev'],
  },
  { ask: `POST ${authn}/selfsubjectreviews`, body: {}, as: ['system:anonymous'] },
  {
    ask: `POST ${authn}/selfsubjectreviews`,
    body: {},
    as: ['eve'],
    headers: { 'Impersonate-Uid': 'u', 'Impersonate-Extra-Acme.com%2Fx': '1' },
  },
  // Reviews.
  ...[
    {},
    { resourceAttributes: may, nonResourceAttributes: { verb: 'get', path: '/x' } },
    { resourceAttributes: may },
    { nonResourceAttributes: { verb: 'get', path: '/x' } },
  ].flatMap((spec) => [
    { ask: `POST ${authz}/selfsubjectaccessreviews`, body: { spec } },
    { ask: `POST ${authz}/selfsubjectaccessreviews`, body: { spec }, as: bob },
    { ask: `POST ${authz}/subjectaccessreviews`, body: { spec } },
    { ask: `POST ${authz}/subjectaccessreviews`, body: { spec: { ...spec, user: 'bob' } } },
    {
      ask: `POST ${authz}/subjectaccessreviews`,
      body: { spec: { ...spec, groups: ['system:masters'] } },
    },
    {
      ask: `POST ${authz}/namespaces/default/localsubjectaccessreviews`,
      body: { metadata: { namespace: 'default' }, spec: { ...spec, user: 'bob' } },
    },
    {
      ask: `POST ${authz}/namespaces/kube-system/localsubjectaccessreviews`,
      body: { spec: { ...spec, user: 'bob' } },
    },
  ]),
  { ask: `POST ${authz}/selfsubjectrulesreviews`, body: { spec: {} } },
  {
    ask: `POST ${authz}/selfsubjectrulesreviews`,
    body: { spec: { namespace: 'default' } },
    as: bob,
  },
  { ask: `POST ${authn}/tokenreviews`, body: { spec: {} } },
  // Tokens.
  { ask: `POST ${accounts}`, body: { metadata: { name: 'acc-bot' } } },
  { ask: `POST ${core}/secrets`, body: { metadata: { name: 'acc-s' } } },
  tokenFor({ expirationSeconds: 599 }),
  tokenFor({ expirationSeconds: 4_294_967_297 }),
  tokenFor({}, { name: 'other' }),
  tokenFor({}, { namespace: 'other' }),
  { ask: `POST ${accounts}/acc-gone/token`, body: {} },
  boundTo({ kind: 'Secret', name: 'acc-gone' }),
  boundTo({ kind: 'ConfigMap', name: 'acc-gone' }),
  boundTo({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'acc-gone' }),
  boundTo({ kind: 'Secret', name: 'acc-s', uid: 'x' }),
  tokenFor({ audiences: ['x'], expirationSeconds: 600 }),
  { ask: `GET ${accounts}/acc-bot/token` },
];

interface Answered {
  readonly ask: string;
  readonly status: number;
  readonly body: unknown;
}

test('who may do what is answered as a real kube-apiserver answers', {
  skip: targetSkip,
}, async (t) => {
  const target = await targetFor(t);
  const answers: Answered[] = [];
  for (const each of cases) answers.push(await answerTo(target, each));
  if (process.env['RECORD'] !== undefined) {
    assert.equal(target.name, 'real', 'only a real server is recorded');
    writeFileSync(recorded, `${JSON.stringify(answers, undefined, 1)}\n`);
    return;
  }
  const expected = JSON.parse(readFileSync(recorded, 'utf8')) as Answered[];
  for (const [index, answer] of answers.entries()) {
    assert.deepEqual(answer, expected[index], JSON.stringify(cases[index]));
  }
  assert.equal(answers.length, expected.length);
});

async function answerTo(target: Target, { ask, body, as, headers }: Case): Promise<Answered> {
  const { server, ca, cert, key } = credentialsIn(target.kubeconfig);
  const [method = '', path = ''] = ask.split(' ');
  const [user, ...groups] = as ?? [];
  const answer = await httpsRequest({
    url: `${server}${path}`,
    method,
    ca,
    cert,
    key,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
      ...(user === undefined ? {} : { 'Impersonate-User': user }),
      ...(groups.length === 0 ? {} : { 'Impersonate-Group': groups }),
    } as Record<string, string>,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = answer.body.toString().trim();
  const value: unknown = text.startsWith('{') ? JSON.parse(text) : text;
  return { ask, status: answer.status, body: comparable(value) };
}

const ownWords: ReadonlySet<string> = new Set([
  'token',
  'uid',
  'creationTimestamp',
  'expirationTimestamp',
  'resourceVersion',
]);

/** What two servers must have in common: without names, times and bookkeeping; rules in order. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(comparable);
    const rules = items.every((item) => isRecord(item) && 'verbs' in item);
    const order = (item: unknown): string => JSON.stringify(item);
    return rules ? items.sort((a, b) => (order(a) < order(b) ? -1 : 1)) : items;
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value)
    .filter(([name]) => name !== 'managedFields')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, ownWords.has(name) ? '-' : comparable(each)] as const);
  return Object.fromEntries(entries);
}

function credentialsIn(path: string): Record<'server' | 'ca' | 'cert' | 'key', string> {
  const config = parse(readFileSync(path, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const [cluster, user] = [config.clusters[0]!.cluster, config.users[0]!.user];
  const text = (base64: string | undefined): string =>
    Buffer.from(base64 ?? '', 'base64').toString();
  return {
    server: cluster['server'] ?? '',
    ca: text(cluster['certificate-authority-data']),
    cert: text(user['client-certificate-data']),
    key: text(user['client-key-data']),
  };
}
