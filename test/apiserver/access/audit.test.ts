import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { AuditFile } from '../../../src/apiserver/access/audit/audit-file.ts';
import { askAs, certificateFor, tokenFor } from '../../support/api-identities.ts';
import { type AnyJson, apiServerFor } from '../../support/api-server.ts';
import { until } from '../../support/until.ts';

const core = '/api/v1/namespaces/default';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-audit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function linesOf(path: string): AnyJson[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The line of a request, which is written when its answer is over. */
function lineOf(path: string, auditId: unknown): Promise<AnyJson> {
  return until(
    () =>
      linesOf(path).find((line) => line.auditID === auditId && line.stage === 'ResponseComplete'),
    'an audit line',
  );
}

test('each request leaves a line: who, as whom, what, which object, allowed or not', async (t) => {
  const path = join(folderFor(t), 'audit.jsonl');
  const api = await apiServerFor(t, { audit: { path } });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const made = await api.call(`${core}/configmaps`, {
    body: { metadata: { name: 'a' }, data: { k: 'contents' } },
    headers: { 'Impersonate-User': 'eve', 'Impersonate-Group': 'system:masters' },
  });
  const line = await lineOf(path, made.headers['audit-id']);
  assert.deepEqual(
    [line.kind, line.apiVersion, line.level, line.verb, line.responseStatus.code],
    ['Event', 'audit.k8s.io/v1', 'Metadata', 'create', 201],
  );
  assert.deepEqual(
    [line.user.username, line.impersonatedUser.username],
    ['drawbridge-admin', 'eve'],
  );
  assert.deepEqual(line.objectRef, {
    resource: 'configmaps',
    namespace: 'default',
    name: 'a',
    apiVersion: 'v1',
  });
  assert.equal(line.annotations['authorization.k8s.io/decision'], 'allow');
  assert.ok(Date.parse(line.stageTimestamp) >= Date.parse(line.requestReceivedTimestamp));
  const bob = await certificateFor(api, 'bob');
  await askAs(api, bob, `${core}/secrets/s`);
  const refused = await until(
    () => linesOf(path).find(({ user }) => user.username === 'bob'),
    'bob',
  );
  assert.deepEqual(
    [refused.responseStatus.code, refused.annotations['authorization.k8s.io/decision']],
    [403, 'forbid'],
  );
  await askAs(api, { token: 'rubbish' }, '/version');
  const unknown = await until(
    () => linesOf(path).find(({ responseStatus }) => responseStatus.code === 401),
    'a wrong credential',
  );
  assert.deepEqual([unknown.user, unknown.requestURI], [{}, '/version']);
  await api.call('/healthz');
  await api.call('/version');
  assert.ok(!linesOf(path).some(({ requestURI }) => requestURI === '/healthz'));
});

test('contents are written at the level Request, those of secret kinds and tokens never', async (t) => {
  const path = join(folderFor(t), 'audit.jsonl');
  const api = await apiServerFor(t, { audit: { path, level: 'Request' } });
  const listener = {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Listener',
    metadata: { name: 'web' },
    spec: { routingKey: 'web', host: 'web', port: 1 },
  };
  const listeners = '/apis/skupper.io/v2alpha1/namespaces/default/listeners';
  const made = await api.call(listeners, { body: listener });
  const line = await lineOf(path, made.headers['audit-id']);
  assert.deepEqual([line.level, line.requestObject.spec.port], ['Request', 1]);
  const patched = await api.call(`${listeners}/web`, {
    method: 'PATCH',
    body: { spec: { port: 2 } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  const patch = await lineOf(path, patched.headers['audit-id']);
  assert.deepEqual(patch.requestObject, { spec: { port: 2 } });
  await api.call(`${core}/secrets`, {
    body: { metadata: { name: 's' }, stringData: { p: 'hunter2' } },
  });
  const grants = '/apis/skupper.io/v2alpha1/namespaces/default/accessgrants';
  await api.call(grants, {
    body: {
      ...listener,
      kind: 'AccessGrant',
      metadata: { name: 'g' },
      spec: { code: 'c0de-c0de' },
    },
  });
  const token = await tokenFor(api, 'bot');
  await askAs(api, { token }, '/version');
  const review = { body: { spec: { token } } };
  const last = await api.call('/apis/authentication.k8s.io/v1/tokenreviews', review);
  await lineOf(path, last.headers['audit-id']);
  const text = readFileSync(path, 'utf8');
  for (const secret of ['hunter2', Buffer.from('hunter2').toString('base64'), 'c0de-c0de', token]) {
    assert.ok(!text.includes(secret), 'a secret is written down');
  }
  assert.ok(text.includes('"name":"s"'));
});

test('a watch leaves a line when it begins and one when it ends', async (t) => {
  const path = join(folderFor(t), 'audit.jsonl');
  const api = await apiServerFor(t, { audit: { path } });
  await api.call(`${core}/configmaps?watch=1&timeoutSeconds=1`);
  const stages = await until(() => {
    const found = linesOf(path).filter(({ verb }) => verb === 'watch');
    return found.length === 2 && found.map(({ stage }) => stage);
  }, 'two lines');
  assert.deepEqual(stages, ['ResponseStarted', 'ResponseComplete']);
});

test('a full file is set aside, and so many are kept', (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'audit.jsonl');
  const file = new AuditFile(silentLogger, { path, bytesMax: 100, keptMax: 2 });
  t.after(() => file.stop());
  for (let i = 0; i < 20; i++) file.write({ line: i, filler: 'x'.repeat(30) });
  assert.deepEqual(readdirSync(folder).sort(), ['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2']);
  const newest = ['audit.jsonl.2', 'audit.jsonl.1', 'audit.jsonl']
    .flatMap((name) => linesOf(join(folder, name)))
    .map(({ line }) => line);
  assert.deepEqual(
    newest,
    Array.from({ length: newest.length }, (_x, i) => 20 - newest.length + i),
  );
  for (const name of readdirSync(folder)) assert.ok(statSync(join(folder, name)).size <= 100);
});

test('an audit log that cannot be opened stops the start', async (t) => {
  await assert.rejects(apiServerFor(t, { audit: { path: folderFor(t) } }), {
    code: 'APISERVER_FILES_UNUSABLE',
  });
});
