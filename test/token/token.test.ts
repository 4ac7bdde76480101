import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createLocalJWKSet, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { createKeyPair } from '#pki/index.ts';
import {
  checkTokenTime,
  commonAudiences,
  issuerDocument,
  keySetDocument,
  looksLikeToken,
  signingKeyOf,
  type SigningKey,
  signToken,
  tokenCharsMax,
  type TokenClaims,
  TokenError,
  verifyToken,
} from '#token/index.ts';

const nowMs = 1_800_000_000_000;
const issuer = 'https://127.0.0.1:6440';
const claims: TokenClaims = {
  issuer,
  audiences: ['vault', issuer],
  namespace: 'west',
  serviceAccount: { name: 'bot', uid: 'u-1' },
  id: 'id-1',
  issuedAt: nowMs / 1000,
  expiresAt: nowMs / 1000 + 600,
};
const expectation = { issuers: [issuer], nowMs };

async function newKey(algorithm?: 'rsa-2048'): Promise<SigningKey> {
  return signingKeyOf(await createKeyPair(algorithm));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (thrown) {
    assert.ok(thrown instanceof TokenError, String(thrown));
    return thrown.code;
  }
}

test('claims come back from a token, with and without a bound object', async () => {
  for (const key of [await newKey(), await newKey('rsa-2048')]) {
    for (const bound of [undefined, { kind: 'secret', name: 's', uid: 'u-2' } as const]) {
      const all = bound ? { ...claims, bound } : claims;
      assert.deepEqual(await verifyToken(await signToken(key, all), [key], expectation), all);
    }
  }
});

test('a third party checks tokens with nothing but the published keys', async () => {
  const [key, other] = [await newKey(), await newKey('rsa-2048')];
  const published = JSON.parse(JSON.stringify(keySetDocument([other, key])));
  const { payload, protectedHeader } = await jwtVerify(
    await signToken(key, claims),
    createLocalJWKSet(published),
    { issuer, audience: 'vault', currentDate: new Date(nowMs) },
  );
  assert.equal(payload.sub, 'system:serviceaccount:west:bot');
  assert.deepEqual(protectedHeader, { alg: 'ES256', kid: key.kid });
  for (const each of published.keys) {
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.ok(!(secret in each), secret);
    const der = createPublicKey({ key: each, format: 'jwk' }).export({
      type: 'spki',
      format: 'der',
    });
    assert.equal(each.kid, createHash('sha256').update(der).digest('base64url'));
  }
  const document = issuerDocument(issuer, `${issuer}/openid/v1/jwks`, [key, other]);
  assert.deepEqual(document['id_token_signing_alg_values_supported'], ['ES256', 'RS256']);
});

test('tokens that are late, early, foreign or changed are refused by name', async () => {
  const [key, other] = [await newKey(), await newKey()];
  const good = await signToken(key, claims);
  const at = (ms: number) => ({ ...expectation, nowMs: ms });
  const [header = '', payload = '', signature = ''] = good.split('.');
  const forged = Buffer.from(
    Buffer.from(payload, 'base64url').toString().replace('west', 'east'),
  ).toString('base64url');
  const rows: readonly [string, () => Promise<unknown>][] = [
    ['accepted', () => verifyToken(good, [other, key], at(nowMs + 599_999))],
    ['TOKEN_EXPIRED', () => verifyToken(good, [key], at(nowMs + 600_000))],
    ['TOKEN_NOT_YET_VALID', () => verifyToken(good, [key], at(nowMs - 1000))],
    ['TOKEN_SIGNATURE', () => verifyToken(good, [other], expectation)],
    ['TOKEN_SIGNATURE', () => verifyToken(good, [], expectation)],
    ['TOKEN_SIGNATURE', () => verifyToken(`${header}.${forged}.${signature}`, [key], expectation)],
    [
      'TOKEN_SIGNATURE',
      () => verifyToken(`${header}.${payload}.${'A'.repeat(86)}`, [key], expectation),
    ],
    ['TOKEN_MALFORMED', () => verifyToken(good, [key], { nowMs, issuers: ['https://elsewhere'] })],
    ['TOKEN_MALFORMED', () => verifyToken(`${good}.${good}`, [key], expectation)],
    ['TOKEN_MALFORMED', () => verifyToken('', [key], expectation)],
    ['TOKEN_MALFORMED', () => verifyToken('x'.repeat(tokenCharsMax + 1), [key], expectation)],
  ];
  for (const [code, work] of rows) assert.equal(await codeOf(work()), code);
  assert.throws(() => checkTokenTime(claims, nowMs + 600_000), TokenError);
  assert.equal(looksLikeToken(good), true);
});

test('no other algorithm and no token without claims of ours is taken', async () => {
  const key = await newKey();
  const plain = { sub: 'system:serviceaccount:west:bot', jti: 'x' };
  const own = { namespace: 'west', serviceaccount: { name: 'bot', uid: 'u' } };
  const sign = (payload: Record<string, unknown>, alg = 'ES256') =>
    new SignJWT(payload)
      .setProtectedHeader({ alg, kid: key.kid })
      .setIssuer(issuer)
      .setIssuedAt(nowMs / 1000)
      .setNotBefore(nowMs / 1000)
      .setAudience(issuer)
      .setExpirationTime(nowMs / 1000 + 600)
      .sign(alg === 'HS256' ? publicBytes(key) : key.privateKey);
  const refused = [
    await sign(plain),
    await sign({ ...plain, 'kubernetes.io': { ...own, serviceaccount: { name: 'bot' } } }),
    await sign({ ...plain, 'kubernetes.io': { ...own, namespace: 'east' } }),
    await sign({ ...plain, sub: 'admin', 'kubernetes.io': own }),
    await sign({ ...plain, 'kubernetes.io': { ...own, secret: { name: 's' } } }),
    await sign({
      ...plain,
      'kubernetes.io': { ...own, secret: { name: 's', uid: 'u' }, pod: { name: 'p', uid: 'u' } },
    }),
    await sign({ ...plain, 'kubernetes.io': own }, 'HS256'),
    new UnsecuredJWT({ ...plain, 'kubernetes.io': own }).encode(),
  ];
  for (const token of refused) {
    assert.notEqual(await codeOf(verifyToken(token, [key], expectation)), 'accepted', token);
  }
  const good = await sign({ ...plain, 'kubernetes.io': own });
  assert.equal(await codeOf(verifyToken(good, [key], expectation)), 'accepted');
});

/** What a careless checker would take for the secret of HS256. */
function publicBytes(key: SigningKey): Buffer {
  return Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' }));
}

test('audiences: those asked for and named, or a refusal that names both', () => {
  assert.deepEqual(commonAudiences(claims, ['x', issuer]), [issuer]);
  assert.throws(() => commonAudiences(claims, ['x']), {
    code: 'TOKEN_AUDIENCE',
    message: `token audiences ["vault" "${issuer}"] is invalid for the target audiences ["x"]`,
  });
});

test('every change of one character of a token, and rubbish, is refused with a code', async () => {
  const key = await newKey();
  const good = await signToken(key, claims);
  const changed = fc
    .tuple(fc.nat(good.length - 1), fc.constantFrom(...'AZaz09-_.= '.split('')))
    .map(([at, character]) => `${good.slice(0, at)}${character}${good.slice(at + 1)}`);
  const jwtLike = fc
    .tuple(fc.json(), fc.json(), fc.string())
    .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.'));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(changed, jwtLike, fc.string(), fc.string({ unit: 'binary' })),
      async (token) => {
        const code = await codeOf(verifyToken(token, [key], expectation));
        // The last character of base64 has bits that do not count.
        if (token.slice(0, -1) !== good.slice(0, -1)) assert.notEqual(code, 'accepted');
      },
    ),
    { numRuns: 400 },
  );
});
