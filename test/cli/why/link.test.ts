/** `why link/NAME` and `why site/NAME`: every documented failure comes out as the one cause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issuedLink, link, site } from '#apis/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { cli } from '../../support/up-cli.ts';
import { freePort } from '../../support/up-sites.ts';
import {
  condition,
  credentials,
  ours,
  plainServer,
  situation,
  type Situation,
  tlsSecret,
  tlsServer,
  type Told,
} from '../../support/why-situation.ts';

const hour = 3_600_000;

function linkTo(port: number, host = '127.0.0.1'): object {
  const endpoints = [{ name: 'inter-router', host, port: String(port) }];
  return ours('Link', 'to-west', { endpoints, tlsCredentials: 'to-west' });
}

function blames(told: Told, step: string, detail: RegExp, fix: RegExp): void {
  assert.equal(told.code, 1, told.text);
  assert.equal(told.healthy, false);
  assert.equal(told.cause?.step, step, told.text);
  assert.match(told.cause.detail, detail);
  assert.match(told.cause.fix.join('\n'), fix);
  assert.equal(told.steps.filter(({ state }) => state === 'fault').length, 1);
  assert.match(told.text, /\nCause: /);
  assert.doesNotMatch(told.text, /PRIVATE KEY|BEGIN/);
}

async function withLink(s: Situation, port: number, host?: string): Promise<void> {
  await s.apply(tlsSecret('to-west', await credentials()), linkTo(port, host));
}

test('no site in the namespace', async (t) => {
  const s = await situation(t, false);
  const told = await s.why('link/to-west');
  blames(told, 'site', /^No active site in namespace east$/, /drawbridge site create east -n east/);
});

test('a site that no controller has looked at', async (t) => {
  const s = await situation(t, false);
  await s.apply(ours('Site', 'east', {}));
  blames(await s.why('site/east'), 'site', /no controller runs/, /drawbridge up/);
});

test('two sites in one namespace', async (t) => {
  const s = await situation(t);
  await s.apply(ours('Site', 'second', {}));
  const message = 'An active site already exists in the namespace (east)';
  await s.setStatus(site, 'second', { conditions: [condition('Configured', 'False', message)] });
  blames(
    await s.why('site/second'),
    'site',
    /An active site already exists in the namespace \(east\)/,
    /drawbridge site delete second -n east/,
  );
});

test('a site whose router does not run', async (t) => {
  const s = await situation(t);
  const message = 'No router pod is ready';
  const conditions = [condition('Configured', 'True'), condition('Running', 'False', message)];
  await s.setStatus(site, 'east', { status: 'Pending', message, conditions });
  blames(await s.why('link/to-west'), 'router', /No router pod is ready/, /log/);
});

test('a link that does not exist, with the ones that do', async (t) => {
  const s = await situation(t);
  await withLink(s, 1);
  const told = await s.why('link/to-wets');
  blames(told, 'link', /no link to-wets .+; there is to-west/, /drawbridge token redeem/);
});

test('a link whose Secret is missing', async (t) => {
  const s = await situation(t);
  await s.apply(linkTo(1));
  blames(
    await s.why('link/to-west'),
    'credentials',
    /^Secret to-west does not exist in namespace east$/,
    /drawbridge token redeem token.yaml -n east/,
  );
});

test('a link whose certificate has expired', async (t) => {
  const s = await situation(t);
  await s.apply(tlsSecret('to-west', await credentials('h', -3 * hour, hour)), linkTo(1));
  blames(await s.why('link/to-west'), 'credentials', /has expired at 20/, /drawbridge token issue/);
});

test('a certificate from the future: a clock is wrong', async (t) => {
  const s = await situation(t);
  await s.apply(tlsSecret('to-west', await credentials('h', hour)), linkTo(1));
  blames(await s.why('link/to-west'), 'credentials', /but the clock here says/, /timedatectl/);
});

test('a key that does not belong to its certificate', async (t) => {
  const s = await situation(t);
  const [one, other] = [await credentials(), await credentials()];
  await s.apply(tlsSecret('to-west', { ...one, key: other.key }), linkTo(1));
  blames(await s.why('link/to-west'), 'credentials', /do not belong together/, /token redeem/);
});

test('a link that its controller refuses', async (t) => {
  const s = await situation(t);
  await withLink(s, 1);
  const message = 'Link has no endpoint named edge';
  await s.setStatus(link, 'to-west', { conditions: [condition('Configured', 'False', message)] });
  blames(await s.why('link/to-west'), 'configured', /no endpoint named edge/, /kubectl get link/);
});

test('a link whose certificate was revoked by a site of the same API', async (t) => {
  const s = await situation(t);
  const own = await credentials();
  await s.apply(tlsSecret('to-west', own), linkTo(1), {
    ...ours('IssuedLink', 'east-1', {
      serialNumber: parseCertificate(own.cert).serialNumber.toLowerCase(),
      fingerprint: '00',
      commonName: 'test',
      issuer: 'skupper-site-ca',
      notAfter: '2999-01-01T00:00:00Z',
      revoked: true,
    }),
    apiVersion: `${issuedLink.group}/${issuedLink.version}`,
  });
  blames(await s.why('link/to-west'), 'revoked', /was revoked/, /drawbridge token issue/);
});

test('a peer that is down', async (t) => {
  const s = await situation(t);
  const port = await freePort();
  await withLink(s, port);
  blames(
    await s.why('link/to-west'),
    'tcp',
    new RegExp(`^nothing listens at 127.0.0.1:${port}: the other site's router is down`),
    /drawbridge site status/,
  );
});

test('a host name that nobody knows', async (t) => {
  const s = await situation(t);
  await withLink(s, 55_671, 'nowhere.invalid');
  const told = await s.why('link/to-west');
  blames(told, 'name', /nowhere\.invalid cannot be resolved/, /getent hosts nowhere\.invalid/);
});

test('a peer that is something else', async (t) => {
  const s = await situation(t);
  await withLink(s, await plainServer(t));
  blames(await s.why('link/to-west'), 'tls', /does not speak TLS/, /drawbridge site status/);
});

test('a peer with a certificate of another CA, as after revoke-access', async (t) => {
  const s = await situation(t);
  await withLink(s, await tlsServer(t, await credentials()));
  blames(await s.why('link/to-west'), 'tls', /not from an issuer we trust/, /token redeem/);
});

test('a peer with a certificate for another name', async (t) => {
  const s = await situation(t);
  const peer = await credentials('west.example');
  await s.apply(tlsSecret('to-west', peer), linkTo(await tlsServer(t, peer)));
  blames(await s.why('link/to-west'), 'tls', /is for other names than 127/, /token issue/);
});

test('a peer whose certificate has expired', async (t) => {
  const s = await situation(t);
  const [own, old] = [await credentials(), await credentials('127.0.0.1', -3 * hour, hour)];
  await s.apply(tlsSecret('to-west', { ...own, ca: old.ca }), linkTo(await tlsServer(t, old)));
  blames(await s.why('link/to-west'), 'tls', /has expired, or a clock is wrong/, /timedatectl/);
});

test('a peer that hangs up on the certificate: revoked where we cannot look', async (t) => {
  const s = await situation(t);
  const peer = await credentials();
  const port = await tlsServer(t, peer, (socket) => socket.end());
  await s.apply(tlsSecret('to-west', peer), linkTo(port));
  blames(await s.why('link/to-west'), 'accepted', /hangs up on our certificate/, /token issue/);
});

test('wrong targets are usage errors', async () => {
  for (const [args, message] of [
    [['why', 'to-west'], /the object must be given as KIND\/NAME/],
    [['why', 'pod/x'], /kind is not valid: value pod not allowed/],
    [['why', 'link/A_B'], /link name is not valid/],
    [['why', 'link/a', 'link/b'], /only one argument/],
  ] as const) {
    const { code, stdout, stderr } = await cli(args);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});
