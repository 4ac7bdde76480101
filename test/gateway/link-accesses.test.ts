/** Signed tokens that are remembered: for their time, and while the key that signed them counts. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { LinkAccesses } from '#gateway/compat/link-accesses.ts';
import { signLinkToken } from '#gateway/compat/link-token.ts';

const pair = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength: 2048 });
const [current, other] = [pair(), pair()];
const nowMs = 1_800_000_000_000;
const nowSec = nowMs / 1000;
const claimsOf = (id: string, urls: readonly string[] = ['/api/v1/pods']) => ({
  id,
  verbs: ['get'],
  urls,
  notBefore: nowSec,
  expires: nowSec + 60,
});

test('a token that was verified is the same access again, until its time or its key ends', async () => {
  const links = new LinkAccesses();
  const keys = [current.publicKey];
  const token = await signLinkToken(claimsOf('a'), current.privateKey);
  const first = await links.enter(token, keys, nowMs);
  assert.equal(first.access.grant.metadata.name, 'a');
  assert.equal((await links.enter(token, keys, nowMs + 59_999)).access, first.access);
  for (const [what, code, known, atMs] of [
    ['its end', 'GATEWAY_ENDED', keys, nowMs + 60_000],
    ['a clock set back', 'GATEWAY_NOT_YET', keys, nowMs - 1],
    ['another key', 'GATEWAY_CREDENTIAL', [other.publicKey], nowMs],
    ['no key', 'GATEWAY_CREDENTIAL', [], nowMs],
  ] as const) {
    await assert.rejects(links.enter(token, known, atMs), { code }, what);
  }
  // A key that was replaced goes on counting for a while, beside the new one.
  const both = [other.publicKey, current.publicKey];
  assert.equal((await links.enter(token, both, nowMs)).access, first.access);
});

test('a token with another signature, or more in it, is not the one that is remembered', async () => {
  const links = new LinkAccesses();
  const keys = [current.publicKey];
  const token = await signLinkToken(claimsOf('a'), current.privateKey);
  await links.enter(token, keys, nowMs);
  const [head, body] = token.split('.');
  const [, wider] = (await signLinkToken(claimsOf('a', ['/api*']), other.privateKey)).split('.');
  const forged = (await signLinkToken(claimsOf('a'), other.privateKey)).split('.').at(-1);
  const signature = token.split('.').at(-1);
  for (const wrong of [
    `${head}.${body}.${forged}`,
    `${head}.${wider}.${signature}`,
    `${head}.${body}.`,
    `${token}a`,
  ]) {
    await assert.rejects(links.enter(wrong, keys, nowMs), { code: 'GATEWAY_CREDENTIAL' }, wrong);
  }
  assert.equal(links.size, 1);
});

test('tokens are remembered in a bounded number, and long ones are verified each time', async () => {
  const links = new LinkAccesses();
  const keys = [current.publicKey];
  const long = await signLinkToken(claimsOf('long', ['/x'.repeat(3000)]), current.privateKey);
  const first = await links.enter(long, keys, nowMs);
  assert.notEqual((await links.enter(long, keys, nowMs)).access, first.access);
  assert.equal(links.size, 0);
  const tokens = await Promise.all(
    Array.from({ length: 1025 }, (_, at) => signLinkToken(claimsOf(`t${at}`), current.privateKey)),
  );
  const seen = [];
  for (const token of tokens) seen.push((await links.enter(token, keys, nowMs)).access);
  assert.equal(links.size, 1024);
  assert.equal((await links.enter(tokens[1] ?? '', keys, nowMs)).access, seen[1]);
  assert.notEqual((await links.enter(tokens[0] ?? '', keys, nowMs)).access, seen[0]);
});
