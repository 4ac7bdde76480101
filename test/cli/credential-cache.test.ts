import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Credential, CredentialCache } from '#cli/api/credential-cache.ts';
import { renderExecCredential } from '#cli/output/exec-credential.ts';

const hourMs = 3_600_000;

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-cache-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'credentials');
}

function issuer(now: { ms: number }) {
  const issued = { count: 0 };
  const obtain = async (): Promise<Credential> => ({
    token: `t${++issued.count}`,
    obtainedAtMs: now.ms,
    expiresAtMs: now.ms + hourMs,
  });
  return { issued, obtain };
}

test('a credential is used until two thirds of its life, for its key only', async (t) => {
  const now = { ms: Date.now() };
  const cache = new CredentialCache(folderFor(t), () => now.ms);
  const { obtain } = issuer(now);
  assert.equal((await cache.get(['a'], obtain)).token, 't1');
  now.ms += hourMs * 0.66;
  assert.equal((await cache.get(['a'], obtain)).token, 't1');
  assert.equal((await cache.get(['a', 'b'], obtain)).token, 't2');
  now.ms += hourMs * 0.01;
  assert.equal((await cache.get(['a'], obtain)).token, 't3');
});

test('gateway acceptance 17: ten at once ask once', async (t) => {
  const now = { ms: Date.now() };
  const folder = folderFor(t);
  const { issued, obtain } = issuer(now);
  const all = await Promise.all(
    Array.from({ length: 10 }, () => new CredentialCache(folder, () => now.ms).get(['a'], obtain)),
  );
  assert.deepEqual(new Set(all.map(({ token }) => token)), new Set(['t1']));
  assert.equal(issued.count, 1);
});

test('gateway acceptance 18: what ends in 20 s is not given out', async (t) => {
  const now = { ms: Date.now() };
  const cache = new CredentialCache(folderFor(t), () => now.ms);
  const { obtain } = issuer(now);
  const brief = async (): Promise<Credential> => ({
    token: 'brief',
    obtainedAtMs: now.ms,
    expiresAtMs: now.ms + 20_000,
  });
  await cache.get(['a'], brief);
  assert.equal((await cache.get(['a'], obtain)).token, 't1');
});

test('files are private, and those that others could have written are not believed', async (t) => {
  const now = { ms: Date.now() };
  const folder = folderFor(t);
  const cache = new CredentialCache(folder, () => now.ms);
  const { obtain } = issuer(now);
  await cache.get(['a'], obtain);
  const [name = ''] = readdirSync(folder);
  const path = join(folder, name);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  chmodSync(path, 0o644);
  assert.equal((await cache.get(['a'], obtain)).token, 't2');
  writeFileSync(path, 'garbage');
  assert.equal((await cache.get(['a'], obtain)).token, 't3');
});

test('when asking fails, a credential that still lives is given once more', async (t) => {
  const now = { ms: Date.now() };
  const cache = new CredentialCache(folderFor(t), () => now.ms);
  const { obtain } = issuer(now);
  const fail = async (): Promise<Credential> => {
    throw new TypeError('no answer');
  };
  await assert.rejects(cache.get(['a'], fail), /no answer/);
  await cache.get(['a'], obtain);
  now.ms += hourMs * 0.9;
  assert.equal((await cache.get(['a'], fail)).token, 't1');
  now.ms += hourMs * 0.1 - 1000;
  assert.equal((await cache.get(['a'], fail)).token, 't1');
  now.ms += 1000;
  await assert.rejects(cache.get(['a'], fail), /no answer/);
});

test('the lock of a run that died is taken over', async (t) => {
  const now = { ms: Date.now() };
  const folder = folderFor(t);
  const cache = new CredentialCache(folder, () => now.ms);
  const { obtain } = issuer(now);
  await cache.get(['a'], obtain);
  const [name = ''] = readdirSync(folder);
  const lock = join(folder, `${name}.lock`);
  writeFileSync(lock, '');
  utimesSync(lock, new Date(0), new Date(0));
  now.ms += hourMs;
  assert.equal((await cache.get(['a'], obtain)).token, 't2');
});

test('kubectl is told an end a little before the true one, and never one that is over', () => {
  const obtainedAtMs = Date.UTC(2027, 0, 31, 8);
  const said = (lifeMs: number, ageMs = 0): number => {
    const expiresAtMs = obtainedAtMs + lifeMs;
    const credential = { token: 't', obtainedAtMs, expiresAtMs };
    const text = renderExecCredential(credential, undefined, obtainedAtMs + ageMs);
    const { status } = JSON.parse(text) as { status: { expirationTimestamp: string } };
    return (expiresAtMs - Date.parse(status.expirationTimestamp)) / 1000;
  };
  const [s, h] = [1000, hourMs];
  assert.deepEqual(
    [said(12 * h), said(h), said(600 * s), said(120 * s), said(40 * s), said(20 * s)],
    [300, 300, 60, 30, 20, 10],
  );
  assert.equal(said(20 * s, 16 * s), 2);
});
