/** `why token/NAME`: every documented failure of a token comes out as the one cause. */
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { accessGrant, accessToken } from '#apis/index.ts';
import { freePort } from '../../support/up-sites.ts';
import {
  condition,
  type Credentials,
  credentials,
  ours,
  situation,
  type Situation,
  tlsServer,
  type Told,
} from '../../support/why-situation.ts';

function blames(told: Told, step: string, detail: RegExp): void {
  assert.equal(told.code, 1, told.text);
  assert.equal(told.cause?.step, step, told.text);
  assert.match(told.cause.detail, detail);
  assert.ok(told.cause.fix.length > 0);
  assert.doesNotMatch(told.text, /very-secret/, 'the code is shown');
}

const expires = 'drawbridge.dev/expires';
const later = '2999-01-01T00:00:00Z';

function token(url: string, ca: string, end = later): object {
  return ours('AccessToken', 't', { url, code: 'very-secret', ca }, { [expires]: end });
}

/** A grant server that answers everything with 405, at a time of its own. */
async function grantServer(t: TestContext, own: Credentials, shiftMs = 0): Promise<string> {
  const server = createServer({ cert: own.cert, key: own.key }, (_request, response) => {
    const date = new Date(Date.now() + shiftMs).toUTCString();
    response.writeHead(405, { date }).end('Only POST is supported');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/b596c8a9`;
}

/** A token whose grant server is well but has said something. */
async function refusedWith(t: TestContext, message: string): Promise<Told> {
  const s = await situation(t);
  const own = await credentials();
  await s.apply(token(await grantServer(t, own), own.ca));
  const conditions = [condition('Redeemed', 'False', message)];
  await s.setStatus(accessToken, 't', { status: 'Error', message, conditions });
  return s.why('token/t');
}

async function withGrant(t: TestContext, status: object, code = 'very-secret'): Promise<Situation> {
  const s = await situation(t);
  const own = await credentials();
  const url = await grantServer(t, own);
  await s.apply(token(url, own.ca), ours('AccessGrant', 'g', { redemptionsAllowed: 1 }));
  await s.setStatus(accessGrant, 'g', { url, code, expirationTime: later, ...status });
  return s;
}

test('a token that does not exist', async (t) => {
  blames(await (await situation(t)).why('token/t'), 'token', /there is no token t/);
});

test('a token that was cut: no CA, or no https', async (t) => {
  const s = await situation(t);
  await s.apply(token('https://127.0.0.1:1/x', ''));
  blames(await s.why('token/t'), 'form', /token does not have a CA/);
  await s.apply(token('http://127.0.0.1:1/x', 'ca'));
  blames(await s.why('token/t'), 'form', /token url scheme must be https/);
});

test('an expired token', async (t) => {
  const s = await situation(t);
  await s.apply(token('https://127.0.0.1:1/x', 'ca', '2020-01-01T00:00:00Z'));
  blames(await s.why('token/t'), 'expiry', /has expired at 2020-01-01T00:00:00Z; the clock here/);
});

test('a grant that is used up, expired, or has another code', async (t) => {
  blames(
    await (await withGrant(t, { redemptions: 1 })).why('token/t'),
    'grant',
    /is used up: 1 of 1/,
  );
  const past = { expirationTime: '2020-01-01T00:00:00Z' };
  blames(await (await withGrant(t, past)).why('token/t'), 'grant', /has expired at 2020/);
  blames(await (await withGrant(t, {}, 'another')).why('token/t'), 'grant', /the code is wrong/);
});

test('a grant server that is down, or has another CA', async (t) => {
  const s = await situation(t);
  const own = await credentials();
  await s.apply(token(`https://127.0.0.1:${await freePort()}/x`, own.ca));
  blames(
    await s.why('token/t'),
    'tcp',
    /nothing listens at .+: the grant server of the other site/,
  );
  const port = await tlsServer(t, await credentials());
  await s.apply(token(`https://127.0.0.1:${port}/x`, own.ca));
  blames(await s.why('token/t'), 'tls', /not from an issuer we trust/);
});

test('clocks ten minutes apart', async (t) => {
  const s = await situation(t);
  const own = await credentials();
  await s.apply(token(await grantServer(t, own, -10 * 60_000), own.ca));
  blames(await s.why('token/t'), 'clock', /the clock here is 6\d\d s ahead of the other site's/);
});

test('what a grant server of another API has said', async (t) => {
  const refused = 'Controller got failed response: ';
  for (const [message, cause] of [
    [
      `${refused}403 (Forbidden) Redemption of access token refused`,
      /the code of the token is wrong/,
    ],
    [`${refused}404 (Not Found) No such access granted`, /the token is used up/],
    [
      `${refused}404 (Not Found) No such claim`,
      /has expired, was revoked, or its grant was deleted/,
    ],
    [
      `${refused}500 (Internal Server Error) No valid endpoints found for site`,
      /link access is off/,
    ],
    ['Controller could not create received secret: secrets "t" already exists', /already exists/],
  ] as const) {
    blames(await refusedWith(t, message), 'answer', cause);
  }
});

test('a redeemed token whose site or link has gone', async (t) => {
  const s = await situation(t);
  await s.apply(token('https://127.0.0.1:1/x', 'ca'));
  await s.setStatus(accessToken, 't', { redeemed: true, status: 'Ready', message: 'OK' });
  blames(await s.why('token/t'), 'link', /its link has been deleted/);
  const message = 'Already redeemed for a deleted site';
  await s.setStatus(accessToken, 't', { redeemed: true, status: 'Error', message });
  blames(await s.why('token/t'), 'redeemed', /Already redeemed for a deleted site/);
});

test('a redeemed token goes on along its link', async (t) => {
  const s = await situation(t);
  const endpoints = [{ name: 'inter-router', host: '127.0.0.1', port: '1' }];
  await s.apply(
    token('https://127.0.0.1:1/x', 'ca'),
    ours('Link', 't', { endpoints, tlsCredentials: 't' }),
  );
  await s.setStatus(accessToken, 't', { redeemed: true, status: 'Ready', message: 'OK' });
  blames(await s.why('token/t'), 'credentials', /Secret t does not exist/);
});
