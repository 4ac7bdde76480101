/**
 * Verdicts said through the API server: by client certificates, credential plugins and impersonation,
 * against forged makers, late ones and those of who may not.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type GatewayToken,
  type GatewayVerdict,
  gatewayToken,
  gatewayVerdict,
} from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { VerdictFollower } from '#gateway/verdict/verdict-follower.ts';
import { serverApprovers } from '#gateway/index.ts';
import { findCondition } from '#kube/index.ts';
import { Informer, type RecordedEvent } from '#kubeclient/index.ts';
import {
  askAs,
  certificateFor,
  grantTo,
  type Identity,
  tokenFor,
} from '../support/api-identities.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld } from '../support/gateway-world.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';
import { cli, type CliOutcome } from '../support/up-cli.ts';

const listMaps = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
const maps = '/k8s/api/v1/namespaces/default/configmaps';
const group = ['drawbridge.dev'];
const approve = { apiGroups: group, resources: ['gatewaytokens'], verbs: ['get', 'approve'] };
const verdicts = { apiGroups: group, resources: ['gatewayverdicts'], verbs: ['create', 'get'] };
const path = '/apis/drawbridge.dev/v1alpha1/namespaces/default/gatewayverdicts';
const user = (name: string) => ({ kind: 'User' as const, name });

interface Bench extends GatewayWorld {
  readonly folder: string;
  readonly events: readonly (readonly [string, RecordedEvent])[];
  /** A kubeconfig with that user in it. */
  kubeconfig(name: string, user: object): string;
  /** `drawbridge gateway approve|deny` by a kubeconfig. */
  decide(file: string, ...args: readonly string[]): Promise<CliOutcome>;
}

async function bench(t: TestContext): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-verdict-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const events: [string, RecordedEvent][] = [];
  const world = await gatewayWorld(t, {
    vouched: true,
    events: { record: (object, event) => void events.push([object.metadata.name, event]) },
    options: { audit: { file: join(folder, 'audit.jsonl'), failClosed: true } },
  });
  const { api } = world;
  for (const name of ['ann', 'bea']) await grantTo(api, name, name, [approve, verdicts]);
  await grantTo(api, 'stranger', 'stranger', [verdicts, { ...approve, verbs: ['get'] }]);
  await until(async () => {
    const resourceAttributes = { verb: 'create', group: group[0], resource: 'gatewayverdicts' };
    const spec = { user: 'stranger', resourceAttributes };
    const reviews = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await api.call(reviews, { body: { spec } })).json.status.allowed === true;
  }, 'the roles to count');
  const kubeconfig = (name: string, as: object): string => {
    const file = join(folder, `${name}.kubeconfig`);
    const data = Buffer.from(api.files.ca).toString('base64');
    const cluster = { server: api.server.origin, 'certificate-authority-data': data };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: as }],
    };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  };
  const decide = (file: string, ...args: readonly string[]): Promise<CliOutcome> =>
    cli(['gateway', ...args, '-n', 'default', '--kubeconfig', file], { env: process.env });
  return { ...world, folder, events, kubeconfig, decide };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** As `user create` and kubeadm write them. */
function shown({ cert, key }: Required<Pick<Identity, 'cert' | 'key'>>): object {
  return { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
}

/** As credential plugins answer. */
function plugin(status: object): object {
  const apiVersion = 'client.authentication.k8s.io/v1';
  const answer = JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
  return {
    exec: { apiVersion, command: 'printf', args: ['%s', answer], interactiveMode: 'Never' },
  };
}

function verdictOf(grant: GatewayToken, more: object = {}): GatewayVerdict {
  const { name, uid = '' } = grant.metadata;
  const [apiVersion, kind] = ['drawbridge.dev/v1alpha1', 'GatewayVerdict'];
  const spec = { token: name, uid, decision: 'approved' as const, ...more };
  return { apiVersion, kind, metadata: { namespace: 'default', name: `v-${name}` }, spec };
}

function counted(world: GatewayWorld, name: string) {
  return until(async () => {
    const found = await world.client.get(gatewayVerdict, { namespace: 'default', name });
    const condition = findCondition(found.status?.conditions, 'Counted');
    return condition && { condition, status: found.status };
  }, `${name} to be settled`);
}

async function nobodyApproved(world: GatewayWorld, name: string): Promise<void> {
  assert.deepEqual((await world.read(name)).status?.approvals ?? [], []);
}

test('people whose kubeconfig has a client certificate approve and deny by the command line', async (t) => {
  const world = await bench(t);
  const { api } = world;
  const ann = world.kubeconfig('ann', shown(await certificateFor(api, 'ann')));
  const from = [user('ann'), { kind: 'Group' as const, name: 'night-shift' }];
  const code = await world.grant('g', { rules: [listMaps], approval: { required: 2, from } });
  const first = await world.decide(ann, 'approve', 'g', '--reason', 'incident 4711');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^Grant "g" is approved by ann: it waits for 1 more\n/);
  assert.equal((await world.call(maps, { token: code })).status, 403);
  const again = await world.decide(ann, 'approve', 'g');
  assert.match(again.stdout, /it waits for 1 more/);
  // Whom only his group makes one of them, with a credential plugin that brings a certificate.
  const { cert, key } = await certificateFor(api, 'bea', ['night-shift']);
  const status = { clientCertificateData: cert, clientKeyData: key };
  const bea = world.kubeconfig('bea', plugin(status));
  const second = await world.decide(bea, 'approve', 'g', '-o', 'json');
  assert.equal(second.code, 0, second.stderr);
  assert.deepEqual(JSON.parse(second.stdout), {
    namespace: 'default',
    name: 'g',
    decision: 'approved',
    approver: 'bea',
    missing: 0,
  });
  assert.equal((await world.call(maps, { token: code })).status, 200);
  const { approvals = [] } = (await world.read('g')).status ?? {};
  assert.deepEqual(
    approvals.map(({ name, reason }) => [name, reason]),
    [
      ['ann', 'incident 4711'],
      ['bea', undefined],
    ],
  );
  const denied = await world.decide(ann, 'deny', 'g', '--reason', 'the freeze has begun');
  assert.match(denied.stdout, /^Grant "g" is denied by ann: it has ended\n/);
  await until(async () => (await world.call(maps, { token: code })).status === 401, 'the end');
  assert.equal((await world.read('g')).spec.revoked, true);
  const told = world.events.filter(([name, { reason }]) => name === 'g' && reason !== 'Redeemed');
  assert.deepEqual(told.map(([, { reason, message }]) => [reason, message]).slice(0, 4), [
    [
      'WaitsForApproval',
      `${(await world.read('g')).status?.issuedBy} asks for it, and it waits for 2 of 2 approvals from User ann, Group night-shift: drawbridge gateway approve g -n default`,
    ],
    ['Approved', 'ann approved it: incident 4711 (it waits for 1 more)'],
    ['Approved', 'bea approved it (it can be used now)'],
    ['Denied', 'ann denied it: the freeze has begun (it has ended)'],
  ]);
  await world.gateway.stop({ graceMs: 200 });
  const records = readFileSync(join(world.folder, 'audit.jsonl'), 'utf8').trim().split('\n');
  assert.deepEqual(
    records
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === 'approve' || kind === 'deny')
      .map(({ kind, user: who, grant, reason }) => [kind, who, grant, reason]),
    [
      ['approve', 'ann', 'default/g', 'incident 4711'],
      ['approve', 'bea', 'default/g', undefined],
      ['deny', 'ann', 'default/g', 'the freeze has begun'],
    ],
  );
});

test('tokens go the way of tokens, and impersonation is that of the API server', async (t) => {
  const world = await bench(t);
  const { api } = world;
  const bot = 'system:serviceaccount:default:bot';
  const token = await tokenFor(api, 'bot');
  await grantTo(api, 'bot', bot, [approve]);
  await world.grant('g', { rules: [listMaps], approval: { required: 3 } });
  const at = ['--gateway', world.gateway.origin, '--gateway-ca-file', join(world.folder, 'ca')];
  writeFileSync(join(world.folder, 'ca'), api.files.ca);
  // Without any right on verdicts: what has a token needs none.
  const shows = await until(async () => {
    const said = await world.decide(world.kubeconfig('bot', { token }), 'approve', 'g', ...at);
    return said.code === 0 && said;
  }, 'the bot to be known');
  assert.match(shows.stdout, /approved by system:serviceaccount:default:bot: it waits for 2 more/);
  const plugged = world.kubeconfig('plugged', plugin({ token }));
  assert.match((await world.decide(plugged, 'approve', 'g', ...at)).stdout, /waits for 2 more/);
  const { adminCert: cert, adminKey: key } = api.files;
  const asAnn = world.kubeconfig('as', { ...shown({ cert, key }), as: 'ann' });
  const said = await world.decide(asAnn, 'approve', 'g');
  assert.match(said.stdout, /approved by ann: it waits for 1 more/, said.stderr);
});

test('nobody approves his own, without the verb, without being named, or by a wrong verdict', async (t) => {
  const world = await bench(t);
  const { api } = world;
  const { adminCert, adminKey } = api.files;
  const files = {
    owner: world.kubeconfig('owner', shown({ cert: adminCert, key: adminKey })),
    ann: world.kubeconfig('ann', shown(await certificateFor(api, 'ann'))),
    stranger: world.kubeconfig('stranger', shown(await certificateFor(api, 'stranger'))),
    nobody: world.kubeconfig('nobody', shown(await certificateFor(api, 'nobody'))),
  };
  await world.grant('g', { rules: [listMaps], approval: { required: 1, from: [user('bea')] } });
  await world.grant('free', { rules: [listMaps] });
  const rows: readonly [keyof typeof files, readonly string[], RegExp][] = [
    ['owner', ['approve', 'g'], /you made this grant, so others must approve it/i],
    [
      'stranger',
      ['approve', 'g'],
      /(stranger|you) may not (yourself )?approve gatewaytokens\.drawbridge\.dev g/,
    ],
    [
      'stranger',
      ['deny', 'g'],
      /(stranger|you) may not (yourself )?approve gatewaytokens\.drawbridge\.dev g/,
    ],
    ['nobody', ['approve', 'g'], /forbidden/],
    ['ann', ['approve', 'g'], /not among those who may approve/],
    ['ann', ['approve', 'free'], /asks for no approval/],
    ['ann', ['approve', 'none'], /there is no grant "none"/],
    ['ann', ['approve', 'g', '--reason', 'a\nb'], /--reason is not valid/],
    ['ann', ['approve', 'g', '--gateway', 'https://localhost'], /are for tokens/],
  ];
  for (const [who, args, words] of rows) {
    const said = await world.decide(files[who], ...args);
    assert.notEqual(said.code, 0, `${who} ${args.join(' ')}`);
    assert.match(said.stderr, words, `${who} ${args.join(' ')}`);
  }
  const bea = await certificateFor(api, 'bea');
  const grant = await world.read('g');
  const wrong: readonly [object, RegExp][] = [
    [{ decision: 'maybe' }, /decision/],
    [{ uid: undefined }, /uid/],
    [{ reason: 'x'.repeat(600) }, /reason/],
  ];
  for (const [more, words] of wrong) {
    const made = await askAs(api, bea, path, { body: verdictOf(grant, more) });
    assert.equal(made.status, 422, made.text);
    assert.match(made.text, words);
  }
  const other = { ...verdictOf(grant, { uid: 'another' }), metadata: { name: 'other' } };
  const lines = { ...verdictOf(grant, { reason: 'a\nb' }), metadata: { name: 'lines' } };
  for (const body of [other, lines]) {
    const made = await askAs(api, bea, path, { body });
    assert.equal(made.status, 201, made.text);
  }
  assert.match((await counted(world, 'other')).condition.message, /another one by now/);
  assert.match((await counted(world, 'lines')).condition.message, /must be one line/);
  await nobodyApproved(world, 'g');
});

test('who made a verdict is not what its maker says, and a verdict does not change', async (t) => {
  const world = await bench(t);
  const { api } = world;
  const mallory = await certificateFor(api, 'mallory');
  const resources = ['gatewayverdicts', 'gatewayverdicts/status'];
  await grantTo(api, 'mallory', 'mallory', [
    { apiGroups: group, resources, verbs: ['*'] },
    approve,
  ]);
  await world.grant('g', { rules: [listMaps], approval: { required: 1, from: [user('ann')] } });
  const grant = await world.read('g');
  const status = { approver: { name: 'ann', groups: ['system:masters'] } };
  const made = await until(async () => {
    const answer = await askAs(api, mallory, path, { body: { ...verdictOf(grant), status } });
    return answer.status === 201 && answer;
  }, 'mallory to be allowed');
  assert.notEqual(made.json.status?.approver?.name, 'ann');
  assert.match((await counted(world, 'v-g')).condition.message, /not among those who may/);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const change = (to: string, body: object) =>
    askAs(api, mallory, `${path}/v-g${to}`, { method: 'PATCH', headers: merge, body });
  const turned = await change('', { spec: { decision: 'denied' } });
  assert.equal(turned.status, 422, turned.text);
  assert.match(turned.text, /decision cannot change/);
  // As if it had not been counted, by somebody else.
  await change('/status', { status: { ...status, conditions: [], status: null, message: null } });
  await counted(world, 'v-g');
  await nobodyApproved(world, 'g');
  assert.equal((await world.read('g')).spec.revoked ?? false, false);
});

test('a verdict that no gateway counted in time does not count later, and old ones go', async (t) => {
  const world = await bench(t);
  await world.grant('g', { rules: [listMaps], approval: { required: 1 } });
  const grant = await world.read('g');
  await world.gateway.stop({ graceMs: 200 });
  // Its webhook is the gateway's too: who is not asked about it makes it by nobody's leave.
  const { client } = world;
  const bare = { ...verdictOf(grant), metadata: { name: 'late', namespace: 'default' } };
  await client.create(gatewayVerdict, bare);
  let counts = 0;
  const follower = (aheadMs: number): VerdictFollower =>
    new VerdictFollower({
      client,
      verdicts: new Informer(gatewayVerdict, { client, random: systemRandom, log: silentLogger }),
      approvals: {
        decideAs: async () => {
          counts++;
          return { grant, approver: 'x', isNew: true, missing: 0 };
        },
      },
      approvers: serverApprovers,
      recorder: { refuseUnrecorded: () => undefined, onDecided: () => undefined },
      clock: { ...systemClock, nowMs: () => Date.now() + aheadMs },
      log: silentLogger,
    });
  const late = follower(65_000);
  late.start();
  t.after(() => late.stop());
  const { condition } = await counted(world, 'late');
  assert.match(condition.message, /No gateway counted it in time/);
  assert.equal(counts, 0);
  await late.stop();
  const later = follower(3_700_000);
  later.start();
  t.after(() => later.stop());
  await until(
    async () =>
      (await client.find(gatewayVerdict, { namespace: 'default', name: 'late' })) === undefined,
    'the old verdict to go',
  );
  assert.ok(await client.find(gatewayToken, { namespace: 'default', name: 'g' }));
});
