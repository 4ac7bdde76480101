/** The audit log: what is in it, what is not, and that nobody changes it unnoticed. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { silentLogger } from '#base/log.ts';
import { AuditLog, auditMembers } from '#gateway/audit/audit-log.ts';
import type { AuditRecord } from '#gateway/audit/audit-record.ts';
import { GatewayError, verifyAuditLog } from '#gateway/index.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld } from '../support/gateway-world.ts';
import { onSmallDisk } from '../support/small-disk.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from '../support/up-process.ts';

const record: AuditRecord = {
  kind: 'request',
  auditId: 'a',
  client: '192.0.2.1',
  method: 'GET',
  target: '/k8s/api/v1/pods',
  decision: 'allow',
  rule: 'rules[0]',
  status: 200,
};

async function logOf(file: string, count: number, failClosed = true): Promise<AuditLog> {
  const log = new AuditLog({ clock: systemClock, log: silentLogger }, { file, failClosed });
  await log.start();
  for (let at = 0; at < count; at++) log.append({ ...record, auditId: String(at) });
  return log;
}

test('gateway acceptance 52: a changed or removed record is found at its place', async (t) => {
  const file = join(await temporaryFolder(t), 'audit.jsonl');
  await (await logOf(file, 5)).stop();
  // Another process goes on with the same chain.
  await (await logOf(file, 3)).stop();
  const whole = readFileSync(file, 'utf8');
  const verdict = await verifyAuditLog(file);
  assert.deepEqual([verdict.intact, verdict.intact && verdict.records], [true, 8]);
  const lines = whole.trimEnd().split('\n');
  const without = (at: number): string[] => lines.filter((_, index) => index !== at);
  const swapped = [lines[0], lines[2], lines[1], ...lines.slice(3)];
  for (const [what, changed, line] of [
    ['changed', lines.map((text) => text.replace('"auditId":"3"', '"auditId":"9"')), 4],
    ['removed', without(2), 3],
    [
      'first removed and renumbered',
      without(0).map((text) => text.replace('"seq":2', '"seq":1')),
      1,
    ],
    ['swapped', swapped, 2],
    ['repeated', [...lines.slice(0, 3), ...lines.slice(2)], 4],
    ['something else', [...lines, 'hello'], 9],
    ['cut', [...lines.slice(0, 7), lines[7]?.slice(0, 50)], 8],
  ] as const) {
    writeFileSync(file, `${changed.join('\n')}\n`);
    const found = await verifyAuditLog(file);
    assert.deepEqual([found.intact, !found.intact && found.line], [false, line], what);
  }
});

test('a log that was rotated, or whose gateway was killed while it wrote, is told for what it is', async (t) => {
  const folder = await temporaryFolder(t);
  const path = (name: string): string => join(folder, name);
  const file = path('audit.jsonl');
  await (await logOf(file, 4)).stop();
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, `${whole}{"seq":5,"time":"2026`);
  await assert.rejects(() => verifyAuditLog(path('nowhere')), /ENOENT/);
  const cut = await verifyAuditLog(file);
  assert.deepEqual([cut.intact, !cut.intact && cut.line], [false, 5]);
  assert.match(cut.intact ? '' : cut.why, /cut short, and none follows/);
  await (await logOf(file, 2)).stop();
  const goesOn = await verifyAuditLog(file);
  assert.ok(goesOn.intact);
  assert.deepEqual([goesOn.records, goesOn.firstSeq, goesOn.cutLines], [6, 1, [5]]);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  writeFileSync(path('1'), `${lines.slice(0, 5).join('\n')}\n`);
  writeFileSync(path('2'), `${lines.slice(5).join('\n')}\n`);
  const second = await verifyAuditLog(path('2'));
  assert.deepEqual([second.intact, second.intact && second.firstSeq], [true, 5]);
  const both = await verifyAuditLog(path('1'), path('2'));
  assert.deepEqual([both.intact, both.intact && both.records], [true, 6]);
  const reversed = await verifyAuditLog(path('2'), path('1'));
  assert.deepEqual(
    [reversed.intact, reversed.file, !reversed.intact && reversed.line],
    [false, path('1'), 1],
  );
  // Whatever else stands between records was put there.
  for (const text of ['', 'hello', '{"seq":9,"time"', '{}']) {
    writeFileSync(file, `${[...lines.slice(0, 4), text, ...lines.slice(5)].join('\n')}\n`);
    const found = await verifyAuditLog(file);
    assert.deepEqual([found.intact, !found.intact && found.line], [false, 5], text);
  }
});

test('what a full disk took of a record is not left in the chain', async (t) => {
  const found = await onSmallDisk(t, 'audit-full-disk.process.ts', 1);
  if (found !== undefined) assert.deepEqual(found, { intact: true, gap: false });
});

test('records go to an output as a chain of its own, and a broken output fails closed', async (t) => {
  const file = join(await temporaryFolder(t), 'collected.jsonl');
  let text = '';
  let broken = false;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!broken) text += chunk.toString();
      done(broken ? new Error('EPIPE') : null);
    },
  });
  // As a pipe does that nobody reads any more.
  output.on('error', () => undefined);
  const log = new AuditLog({ clock: systemClock, log: silentLogger }, { output, failClosed: true });
  await log.start();
  for (let at = 0; at < 3; at++) log.append({ ...record, auditId: String(at) });
  await until(async () => text.split('\n').length === 4, 'three records');
  writeFileSync(file, text);
  const verdict = await verifyAuditLog(file);
  assert.deepEqual([verdict.intact, verdict.intact && verdict.records], [true, 3]);
  log.refuseUnrecorded();
  broken = true;
  log.append(record);
  await until(async () => {
    try {
      log.refuseUnrecorded();
      return false;
    } catch (thrown) {
      return thrown instanceof GatewayError && thrown.code === 'GATEWAY_AUDIT';
    }
  }, 'the refusal');
  await log.stop();
});

test('gateway acceptance 51: fail closed refuses while records cannot be written, fail open goes on', async () => {
  // Every write to /dev/full finds the disk full.
  for (const failClosed of [true, false]) {
    const log = await logOf('/dev/full', 1, failClosed);
    if (failClosed) {
      await until(() => {
        try {
          log.refuseUnrecorded();
          return false;
        } catch (thrown) {
          assert.ok(thrown instanceof GatewayError);
          return thrown.httpStatus === 503;
        }
      }, 'the log to refuse');
    } else {
      log.refuseUnrecorded();
    }
    await log.stop();
  }
});

test('members that records share are part of them, and of the chain', async (t) => {
  const file = join(await temporaryFolder(t), 'audit.jsonl');
  const log = await logOf(file, 0);
  log.append(record, auditMembers({ grant: 'a/"b', approvers: ['x'] }) + auditMembers({}));
  await log.stop();
  const { time, seq, prev, hash, ...facts } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(facts, { ...record, grant: 'a/"b', approvers: ['x'] });
  assert.equal(new Date(time).toISOString(), time);
  assert.deepEqual([seq, prev.length, hash.length], [1, 64, 64]);
  assert.equal((await verifyAuditLog(file)).intact, true);
});

test('gateway acceptance 50: records tell who did what by which grant, and hold no secret', async (t) => {
  const file = join(await temporaryFolder(t), 'audit.jsonl');
  const world = await gatewayWorld(t, {
    recorded: true,
    options: { audit: { file, failClosed: true }, identity: 'impersonate' },
  });
  const token = await world.grant('g', { rules: [{ verbs: ['list'], resources: ['pods'] }] });
  const secret = token.split('.').at(-1) ?? '';
  assert.equal((await world.call('/k8s/api/v1/namespaces/x/pods', { token })).status, 200);
  const denied = await world.call('/k8s/api/v1/namespaces/x/pods/p', { token, method: 'DELETE' });
  assert.equal(denied.status, 403);
  await world.call(`/k8s/api/v1/pods?token=${token}`, { token });
  await world.call(`/${token}`);
  await world.call('/gateway/v1/redeem', { body: JSON.stringify({ code: token, nonce: token }) });
  await world.gateway.stop({ graceMs: 0 });
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes(secret), 'the secret of a handle is in the log');
  const records = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [first, second] = records;
  assert.deepEqual(
    [first.kind, first.grant, first.user, first.decision, first.rule, first.status, first.client],
    ['request', 'default/g', 'gw:link:default:g', 'allow', 'rules[0]', 200, '127.0.0.1'],
  );
  assert.deepEqual(
    [first.info.verb, first.info.resource, first.info.namespace],
    ['list', 'pods', 'x'],
  );
  assert.deepEqual([second.decision, second.status, second.info.verb], ['deny', 403, 'delete']);
  assert.equal(records.length, 5);
  assert.equal((await verifyAuditLog(file)).intact, true);
});
