/**
 * Who may create which GatewayToken and write what into its status: one table for the embedded API
 * server and for a real one that asks the gateway.
 */
import assert from 'node:assert/strict';
import { httpsRequest } from '#http/index.ts';

/** An API server and its owner. */
export interface DecidingServer {
  readonly origin: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly body?: object;
  /** Impersonated; absent: the owner. */
  readonly as?: string;
  readonly groups?: readonly string[];
}

const root = '/apis/drawbridge.dev/v1alpha1/namespaces';

/** Path of a token. */
export function tokenPath(name = '', namespace = 'default'): string {
  return `${root}/${namespace}/gatewaytokens${name === '' ? '' : `/${name}`}`;
}

/** A request to the server, as JSON. */
export async function askServer(server: DecidingServer, ask: Ask): Promise<Answer> {
  const { origin, ca, cert, key } = server;
  const { path, body, as, groups = [] } = ask;
  const method = ask.method ?? (body === undefined ? 'GET' : 'POST');
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await httpsRequest({
    url: `${origin}${path}`,
    method,
    ca,
    cert,
    key,
    headers: {
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(as === undefined ? {} : { 'impersonate-user': as }),
      ...(groups.length === 0 ? {} : { 'impersonate-group': groups.join(',') }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    bodyBytesMax: 4e6,
  });
  const text = answer.body.toString();
  return { status: answer.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

/** A token as people write it. */
export function tokenOf(name: string, spec: object): object {
  const [apiVersion, kind] = ['drawbridge.dev/v1alpha1', 'GatewayToken'];
  return { apiVersion, kind, metadata: { name }, spec };
}

const tokens = {
  apiGroups: ['drawbridge.dev'],
  resources: ['gatewaytokens', 'gatewaytokens/status'],
};
const core = { apiGroups: [''] };
const bot = 'system:serviceaccount:default:bot';

/** Rights by user; a namespace keeps them there. */
const rights: readonly (readonly [user: string, namespace: string, rules: readonly object[]])[] = [
  [
    'viewer',
    '',
    [
      { verbs: ['create', 'get', 'update', 'patch'], ...tokens },
      { ...core, resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] },
      { ...core, resources: ['pods/log'], verbs: ['get'] },
      { ...core, resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ],
  ],
  ['other', '', [{ verbs: ['create', 'get', 'update', 'patch'], ...tokens }]],
  [bot, '', [{ verbs: ['create', 'get', 'patch'], ...tokens }]],
  [bot, 'west', [{ ...core, resources: ['configmaps'], verbs: ['*'] }]],
  ['boss', '', [{ verbs: ['create', 'escalate', 'patch', 'get'], ...tokens }]],
  [
    'all',
    '',
    [
      { verbs: ['*'], apiGroups: ['*'], resources: ['pods', 'pods/exec', 'gatewaytokens'] },
      { verbs: ['create'], ...tokens },
    ],
  ],
];

const list = { ...core, resources: ['pods'], verbs: ['list'] };
const root64 = (verbs: readonly string[]): object => ({
  ...core,
  verbs,
  resources: Array.from({ length: 64 }, (_, at) => `r${at}`),
});

interface CreateRow {
  readonly what: string;
  readonly as?: string;
  readonly groups?: readonly string[];
  readonly spec: object;
  /** What the refusal says; absent: it is made. */
  readonly refused?: RegExp;
}

const creates: readonly CreateRow[] = [
  { what: 'what one has', as: 'viewer', spec: { rules: [list] } },
  { what: 'in one namespace', as: 'viewer', spec: { rules: [{ ...list, namespaces: ['west'] }] } },
  {
    what: 'another verb',
    as: 'viewer',
    spec: { rules: [{ ...list, verbs: ['list', 'delete'], namespaces: ['west'] }] },
    refused:
      /user "viewer" .*is attempting to open what is not allowed to him:\n\{APIGroups:\[""\], Resources:\["pods"\], Verbs:\["delete"\]\} in the namespace "west"\nopen less, /s,
  },
  {
    what: 'all verbs',
    as: 'viewer',
    spec: { rules: [{ ...list, verbs: ['*'] }] },
    refused: /"\*"/,
  },
  {
    what: 'all resources',
    as: 'viewer',
    spec: { rules: [{ ...list, resources: [] }] },
    refused: /Resources:\["\*"\]/,
  },
  {
    what: 'all groups',
    as: 'viewer',
    spec: { rules: [{ resources: ['pods'], verbs: ['list'] }] },
    refused: /APIGroups:\["\*"\]/,
  },
  {
    what: 'a subresource by star',
    as: 'viewer',
    spec: { rules: [{ ...list, subresources: ['*'] }] },
    refused: /Resources:\["\*"\]/,
  },
  {
    what: 'a subresource one has',
    as: 'viewer',
    spec: { rules: [{ ...core, resources: ['pods/log'], verbs: ['get'] }] },
  },
  { what: 'logs', as: 'viewer', spec: { rules: [list], connect: ['log'] } },
  {
    what: 'exec',
    as: 'viewer',
    spec: { rules: [list], connect: ['exec'] },
    refused: /Resources:\["pods\/exec"\], Verbs:\["create"\]/,
  },
  { what: 'exec for who has it', as: 'all', spec: { rules: [list], connect: ['exec'] } },
  {
    what: 'a named object',
    as: 'viewer',
    spec: { rules: [{ ...core, resources: ['secrets'], verbs: ['get'], resourceNames: ['a'] }] },
  },
  {
    what: 'another object',
    as: 'viewer',
    spec: {
      rules: [{ ...core, resources: ['secrets'], verbs: ['get'], resourceNames: ['a', 'b'] }],
    },
    refused: /ResourceNames:\["b"\]/,
  },
  {
    what: 'any object',
    as: 'viewer',
    spec: {
      rules: [{ ...core, resources: ['secrets'], verbs: ['get'], resourceNames: ['a', '*'] }],
    },
    refused: /secrets/,
  },
  {
    what: 'denying',
    as: 'viewer',
    spec: { rules: [{ effect: 'deny', resources: ['secrets'], verbs: ['*'] }] },
  },
  { what: 'nothing', as: 'viewer', spec: {} },
  {
    what: 'a path one has',
    as: 'viewer',
    spec: { urls: ['/metrics'] },
    refused: /NonResourceURLs:\["\*"\]/,
  },
  {
    what: 'another cluster',
    as: 'viewer',
    spec: { rules: [list], cluster: 'east' },
    refused: /in all namespaces/,
  },
  {
    what: 'too much at once',
    as: 'viewer',
    spec: { rules: [root64(['a', 'b', 'c'])] },
    refused: /more than 128 single rights/,
  },
  {
    what: 'what an account has in a namespace',
    as: bot,
    spec: { rules: [{ ...core, resources: ['configmaps'], verbs: ['*'], namespaces: ['west'] }] },
  },
  {
    what: 'and not elsewhere',
    as: bot,
    spec: { rules: [{ ...core, resources: ['configmaps'], verbs: ['get'] }] },
    refused: /in all namespaces/,
  },
  {
    what: 'anything by who may escalate',
    as: 'boss',
    spec: { rules: [{ verbs: ['*'] }], urls: ['/x'] },
  },
  {
    what: 'anything by masters',
    as: 'somebody',
    groups: ['system:masters'],
    spec: { rules: [{ verbs: ['*'] }], urls: ['/x'] },
  },
  { what: 'anything by the owner', spec: { rules: [root64(['a', 'b', 'c'])], cluster: 'east' } },
];

interface StatusRow {
  readonly as?: string;
  readonly status: object;
  readonly code: 200 | 403 | 422;
}

const approval = (name: string): object => ({ kind: 'User', name, decision: 'approved' });
const hash = (letter: string): string => letter.repeat(64);

/** In order, on one token of `viewer` that wants two approvals. */
const statuses: readonly StatusRow[] = [
  { as: 'other', status: { codeHash: hash('e') }, code: 403 },
  { as: 'viewer', status: { codeHash: hash('a') }, code: 200 },
  { as: 'viewer', status: { codeHash: hash('c') }, code: 422 },
  { as: 'viewer', status: { codeHash: null }, code: 422 },
  { as: 'viewer', status: { issuedBy: 'other' }, code: 422 },
  { as: 'other', status: { uses: 1 }, code: 403 },
  { as: 'viewer', status: { uses: 7 }, code: 403 },
  {
    as: 'viewer',
    status: { redemptions: [{ id: 'x', time: '2026-01-01T00:00:00Z', session: 's' }] },
    code: 403,
  },
  { as: 'viewer', status: { approvals: [approval('viewer')] }, code: 403 },
  { as: 'other', status: { approvals: [approval('other')] }, code: 403 },
  { as: bot, status: { codeHash: hash('b') }, code: 422 },
  { as: 'other', status: { login: { user: 'a', issuer: 'i', subject: 's' } }, code: 403 },
  { as: 'boss', status: { message: 'hello' }, code: 200 },
];

/** Gives the users of the table their rights. */
export async function prepareDecisions(server: DecidingServer): Promise<void> {
  const made = async (path: string, body: object): Promise<void> => {
    const { status, json } = await askServer(server, { path, body });
    assert.ok(status === 201 || status === 409, `${path} ${status} ${JSON.stringify(json)}`);
  };
  await made('/api/v1/namespaces', { metadata: { name: 'west' } });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  for (const [index, [name, namespace, rules]] of rights.entries()) {
    const metadata = { name: `decisions-${index}` };
    const kind = namespace === '' ? 'ClusterRole' : 'Role';
    const place = namespace === '' ? rbac : `${rbac}/namespaces/${namespace}`;
    await made(`${place}/${kind.toLowerCase()}s`, { metadata, rules });
    const apiGroup = 'rbac.authorization.k8s.io';
    await made(`${place}/${kind.toLowerCase()}bindings`, {
      metadata,
      roleRef: { apiGroup, kind, name: metadata.name },
      subjects: [{ apiGroup, kind: 'User', name }],
    });
  }
}

/**
 * Runs the table.
 * @param settled waits until the token of that name says who made it
 */
export async function checkDecisions(
  server: DecidingServer,
  settled: (name: string) => Promise<unknown>,
): Promise<void> {
  for (const [index, { what, as, groups, spec, refused }] of creates.entries()) {
    const name = `row-${index}`;
    const who = {
      ...(as === undefined ? {} : { as }),
      ...(groups === undefined ? {} : { groups }),
    };
    const made = await askServer(server, { path: tokenPath(), body: tokenOf(name, spec), ...who });
    const told = `${what}: ${made.status} ${JSON.stringify(made.json).slice(0, 600)}`;
    assert.equal(made.status, refused === undefined ? 201 : 403, told);
    if (refused !== undefined) {
      assert.match(made.json.message, refused, what);
      assert.equal(made.json.reason, 'Forbidden', what);
    }
  }
  const name = 'approved';
  const spec = { rules: [list], approval: { required: 2 } };
  const made = await askServer(server, {
    path: tokenPath(),
    body: tokenOf(name, spec),
    as: 'viewer',
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  await settled(name);
  for (const [index, { as, status, code }] of statuses.entries()) {
    const answer = await askServer(server, {
      path: `${tokenPath(name)}/status`,
      method: 'PATCH',
      body: { status },
      ...(as === undefined ? {} : { as }),
    });
    const told = `${index} ${JSON.stringify(status)}: ${JSON.stringify(answer.json).slice(0, 400)}`;
    assert.equal(answer.status, code, told);
  }
  // What nobody may do, whoever it is, because the kind itself forbids it.
  for (const body of [
    { spec: { rules: [{ verbs: ['*'] }] } },
    { spec: { expirationWindow: '1h' } },
    { spec: { connect: ['exec'] } },
  ]) {
    const edited = await askServer(server, { path: tokenPath(name), method: 'PATCH', body });
    assert.equal(edited.status, 422, JSON.stringify(edited.json));
  }
  const path = tokenPath(name);
  const revoke = (revoked: boolean): Promise<Answer> =>
    askServer(server, { path, method: 'PATCH', body: { spec: { revoked } }, as: 'viewer' });
  assert.equal((await revoke(true)).status, 200);
  assert.equal((await revoke(false)).status, 422);
}
