import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type AccessGrant, type AccessToken, accessToken, link, site } from '#apis/index.ts';
import { type AccessTokenOptions, startAccessTokenController } from '#grants/index.ts';
import {
  HttpError,
  type HttpResponse,
  type HttpsRequestOptions,
  httpsRequest,
} from '#http/index.ts';
import { type Secret, secret, secretText } from '#kube/index.ts';
import { createAuthority, keyMatchesCertificate, parseCertificate } from '#pki/index.ts';
import { type ControllerBench, controllerBench } from '../support/controller-bench.ts';
import { type GrantWorld, grantWorld, openSite, siteOf } from '../support/grant-world.ts';
import { until } from '../support/until.ts';

const namespace = 'east';
const key = (name: string): { namespace: string; name: string } => ({ namespace, name });

function tokenOf(name: string, spec: AccessToken['spec']): AccessToken {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name, namespace },
    ...(spec === undefined ? {} : { spec }),
  };
}

function tokenFor(name: string, grant: AccessGrant): AccessToken {
  const { url = '', code = '', ca = '' } = grant.status ?? {};
  return tokenOf(name, { url, code, ca });
}

/** Sends over the network and counts. */
function counting(): {
  readonly send: NonNullable<AccessTokenOptions['send']>;
  readonly sent: HttpsRequestOptions[];
} {
  const sent: HttpsRequestOptions[] = [];
  return {
    sent,
    send: async (options) => {
      sent.push(options);
      return await httpsRequest(options);
    },
  };
}

interface Joiner {
  readonly west: GrantWorld;
  readonly sent: HttpsRequestOptions[];
}

/** A joinable west and an east that redeems there, in one control plane. */
async function joiner(context: TestContext, options: AccessTokenOptions = {}): Promise<Joiner> {
  const west = await grantWorld(context);
  await openSite(west);
  const { send, sent } = counting();
  west.own(startAccessTokenController(west, { send, ...options }));
  return { west, sent };
}

async function untilToken(
  bench: ControllerBench,
  name: string,
  what: (token: AccessToken) => boolean,
): Promise<AccessToken> {
  return await until(async () => {
    const found = await bench.client.find(accessToken, key(name));
    return found !== undefined && what(found) ? found : undefined;
  }, `token ${name}`);
}

const untilMessage = (
  bench: ControllerBench,
  name: string,
  message: string | RegExp,
): Promise<AccessToken> =>
  untilToken(bench, name, ({ status }) =>
    typeof message === 'string'
      ? // The words that scripts know come first, then the stage and the way out.
        status?.message?.replace(/ \[(?:DNS|TCP|TLS|HTTP|code|expiry|Secret|Link): .*\]$/, '') ===
        message
      : message.test(status?.message ?? ''),
  );

const untilRedeemed = (bench: ControllerBench, name: string): Promise<AccessToken> =>
  untilToken(bench, name, ({ status }) => status?.redeemed === true);

const answerOf = (
  status: number,
  body: string,
  headers: HttpResponse['headers'] = {},
): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(body),
});

test('acceptance 48: a token turns into a Secret and a Link that belong to the site', async (context) => {
  const { west, sent } = await joiner(context);
  const east = await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  await west.client.create(accessToken, tokenFor('west-token', grant));
  const token = await untilRedeemed(west, 'west-token');
  assert.deepEqual([token.status?.status, token.status?.message], ['Ready', 'OK']);
  assert.equal(token.status?.conditions?.find(({ type }) => type === 'Redeemed')?.status, 'True');
  const owner = {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Site',
    name: namespace,
    uid: east.metadata.uid,
  };
  const [stored, made] = [
    await west.client.find(secret, key('west-token')),
    await west.client.find(link, key('west-token')),
  ];
  assert.ok(stored && made);
  assert.equal(stored.type, 'kubernetes.io/tls');
  assert.deepEqual(Object.keys(stored.data ?? {}), ['ca.crt', 'tls.crt', 'tls.key']);
  assert.deepEqual(
    [stored.metadata.ownerReferences, made.metadata.ownerReferences],
    [[owner], [owner]],
  );
  assert.equal(made.spec?.tlsCredentials, 'west-token');
  assert.deepEqual(
    made.spec?.endpoints?.map(({ name, port }) => `${name}:${port}`),
    ['inter-router:55671', 'edge:45671'],
  );
  assert.equal(made.spec !== undefined && 'cost' in made.spec, false);
  const pem = secretText(stored, 'tls.crt') ?? '';
  assert.equal(parseCertificate(pem).commonName, east.metadata.uid);
  assert.equal(keyMatchesCertificate(secretText(stored, 'tls.key') ?? '', pem), true);
  assert.equal((await west.read('g')).status?.redemptions, 1);
  // The private key never travelled.
  assert.ok(sent[0]?.headers?.['certificate-request']);
  assert.equal(sent.length, 1);
});

test('acceptance 49, 56, 57: a token is not redeemed again when its Link or the token goes, and the Link stays without it', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g', { redemptionsAllowed: 5 });
  await west.client.create(accessToken, {
    ...tokenFor('t', grant),
    spec: { ...tokenFor('t', grant).spec, linkCost: 7 } as NonNullable<AccessToken['spec']>,
  });
  await untilRedeemed(west, 't');
  assert.equal((await west.client.find(link, key('t')))?.spec?.cost, 7);
  await west.client.remove(link, key('t'));
  await west.client.create(accessToken, tokenFor('other', grant));
  await untilRedeemed(west, 'other');
  assert.equal(await west.client.find(link, key('t')), undefined);
  await west.client.remove(accessToken, key('other'));
  assert.ok(await west.client.find(link, key('other')));
  assert.equal(sent.length, 2);
});

test('acceptance 50: without a Site the token waits and says so, and acts when the Site comes', async (context) => {
  const { west, sent } = await joiner(context);
  const grant = await west.grant('g');
  await west.client.create(accessToken, tokenFor('t', grant));
  const waiting = await untilMessage(west, 't', 'No active site in namespace');
  assert.equal(waiting.status?.status, 'Pending');
  assert.equal(sent.length, 0);
  await west.client.create(site, siteOf(namespace));
  await untilRedeemed(west, 't');
  // The site goes: its Link and Secret go with it, and the token tells why it is of no use.
  await west.client.remove(site, key(namespace));
  const orphan = await untilMessage(west, 't', 'Already redeemed for a deleted site');
  assert.deepEqual([orphan.status?.status, orphan.status?.redeemed], ['Error', true]);
  const condition = orphan.status?.conditions?.find(({ type }) => type === 'Redeemed');
  assert.deepEqual([condition?.status, condition?.reason], ['True', 'Error']);
  assert.equal(sent.length, 1);
});

test('acceptance 54: what is wrong with a token is told before anything is sent', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  for (const [name, spec, message] of [
    ['no-ca', { url: 'https://h/x', code: 'c', ca: '' }, 'token does not have a CA'],
    ['http', { url: 'http://h/x', code: 'c', ca: 'x' }, 'token url scheme must be https'],
    ['no-url', { url: 'h h', code: 'c', ca: 'x' }, 'could not parse token url: "h h"'],
    ['no-spec', undefined, 'token does not have a CA'],
  ] as const) {
    await west.client.create(accessToken, tokenOf(name, spec));
    const token = await untilMessage(west, name, message);
    assert.equal(token.status?.status, 'Error');
  }
  assert.equal(sent.length, 0);
});

test('acceptance 51, 52: a refusal for good is told and not asked again until the token changes', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  const bad = tokenFor('t', grant);
  await west.client.create(accessToken, {
    ...bad,
    spec: { ...bad.spec, code: 'wrong' } as NonNullable<AccessToken['spec']>,
  });
  const refused =
    'Controller got failed response: 403 (Forbidden) Redemption of access token refused';
  const token = await untilMessage(west, 't', refused);
  assert.equal(token.status?.status, 'Error');
  // Events of all kinds pass by; the second token shows that the controller is done with the first.
  const east = await until(() => west.client.find(site, key(namespace)), 'site');
  await west.client.updateStatus(site, { ...east, status: { ...east.status, message: 'x' } });
  await west.client.create(accessToken, tokenFor('other', grant));
  await untilRedeemed(west, 'other');
  assert.equal(sent.length, 2);
  await west.client.create(accessToken, tokenFor('late', grant));
  await untilMessage(
    west,
    'late',
    'Controller got failed response: 404 (Not Found) No such access granted',
  );
  const now = await until(() => west.client.find(accessToken, key('t')), 't');
  const second = await west.grant('second');
  await west.client.update(accessToken, {
    ...now,
    ...tokenFor('t', second),
    metadata: now.metadata,
  });
  await untilRedeemed(west, 't');
});

test('acceptance 53: a token with the CA of somebody else is not redeemed, and no Secret is made', async (context) => {
  const { west } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  const foreign = await createAuthority({ commonName: 'foreign', nowMs: Date.now() });
  const token = tokenFor('t', grant);
  await west.client.create(accessToken, {
    ...token,
    spec: { ...token.spec, ca: foreign.certificate.pem } as NonNullable<AccessToken['spec']>,
  });
  await untilMessage(
    west,
    't',
    /^Controller got error: x509: certificate signed by unknown authority/,
  );
  assert.equal(await west.client.find(secret, key('t')), undefined);
  assert.equal((await west.read('g')).status?.redemptions, undefined);
});

test('acceptance 55: objects in the way are found before a use is spent, and the token goes on when they go', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  const own: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 't', namespace },
    data: {},
  };
  await west.client.create(secret, own);
  await west.client.create(accessToken, tokenFor('t', grant));
  await untilMessage(
    west,
    't',
    'Controller could not create received secret: secrets "t" already exists',
  );
  await west.client.create(link, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Link',
    metadata: { name: 't', namespace },
    spec: { endpoints: [] },
  });
  await west.client.remove(secret, key('t'));
  await untilMessage(
    west,
    't',
    'Controller could not create received link: links.skupper.io "t" already exists',
  );
  assert.equal(sent.length, 0);
  await west.client.remove(link, key('t'));
  await untilRedeemed(west, 't');
  assert.equal((await west.read('g')).status?.redemptions, 1);
});

test('what an earlier token of the same name left is in no way, unless a Link uses it', async (context) => {
  const { west } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g', { redemptionsAllowed: 2 });
  await west.client.create(accessToken, tokenFor('t', grant));
  await untilRedeemed(west, 't');
  const before = await west.client.find(secret, key('t'));
  await west.client.remove(accessToken, key('t'));
  await west.client.create(accessToken, tokenFor('t', grant));
  await untilMessage(
    west,
    't',
    'Controller could not create received secret: secrets "t" already exists',
  );
  await west.client.remove(link, key('t'));
  await untilRedeemed(west, 't');
  const after = await west.client.find(secret, key('t'));
  assert.notEqual(after?.metadata.uid, before?.metadata.uid);
});

test('a joiner that is killed before it can store the answer asks again with the same key', async (context) => {
  let isLost = false;
  const { promise: never, resolve: release } = Promise.withResolvers<HttpResponse>();
  const west = await grantWorld(context);
  await openSite(west);
  // The first controller hears nothing more once the grant server has answered.
  const first = startAccessTokenController(west, {
    send: async (options) => {
      const response = await httpsRequest(options);
      isLost = response.status === 200;
      return await never;
    },
  });
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  await west.client.create(accessToken, tokenFor('t', grant));
  await until(() => isLost || undefined, 'the answer');
  const stopped = first.stop({ graceMs: 0 });
  west.own(startAccessTokenController(west));
  await untilRedeemed(west, 't');
  release(answerOf(503, ''));
  await stopped;
  const now = await west.read('g');
  assert.equal(now.status?.redemptions, 1);
  assert.equal(now.status.redeemedBy?.length, 1);
  const stored = await until(() => west.client.find(secret, key('t')), 'Secret');
  const parsed = parseCertificate(secretText(stored, 'tls.crt') ?? '');
  assert.equal(now.status.redeemedBy[0]?.serialNumber, parsed.serialNumber.toLowerCase());
  const [token] = [await until(() => west.client.find(accessToken, key('t')), 't')];
  const left = { namespace, name: `redemption-${token.metadata.uid}` };
  await until(
    async () => (await west.client.find(secret, left)) === undefined || undefined,
    'gone',
  );
});

test('a lost answer costs no second use', async (context) => {
  let lost = 0;
  const { west } = await joiner(context, {
    send: async (options) => {
      const response = await httpsRequest(options);
      if (lost++ < 2) return answerOf(502, 'the proxy lost it');
      return response;
    },
  });
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  await west.client.create(accessToken, tokenFor('t', grant));
  await untilRedeemed(west, 't');
  assert.equal(lost, 3);
  assert.equal((await west.read('g')).status?.redemptions, 1);
});

test('a Link that was deleted does not come back when the cache is behind', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g', { redemptionsAllowed: 5 });
  const before = await west.client.create(accessToken, tokenFor('t', grant));
  await untilRedeemed(west, 't');
  await west.client.remove(link, key('t'));
  const tokens = west.informers.of(accessToken);
  const behind = new Proxy(tokens, {
    get: (target, name) => {
      if (name === 'get') {
        return (of: typeof before.metadata) =>
          of.name === 't' ? before : tokens.get(key(of.name));
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const of = ((kind: never) =>
    kind === accessToken ? behind : west.informers.of(kind)) as typeof west.informers.of;
  const informers = Object.assign(Object.create(west.informers), { of });
  const looks: boolean[] = [];
  west.client.fault = (verb, kind, object) => {
    if (verb === 'find' && kind === 'AccessToken' && 'name' in object) {
      if (object.name === 't') looks.push(true);
    }
  };
  west.own(startAccessTokenController({ ...west, informers }, { redemptionsMax: 1 }));
  await until(() => looks.length > 0, 'the second look at the token');
  await west.client.create(accessToken, tokenFor('other', grant));
  await untilRedeemed(west, 'other');
  assert.equal(await west.client.find(link, key('t')), undefined);
  assert.equal(sent.length, 2);
});

test('a controller killed between Secret and Link finishes without asking again', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  const { promise: never, resolve: release } = Promise.withResolvers<void>();
  west.client.fault = async (verb, kind) => {
    if (verb === 'create' && kind === 'Link') await never;
  };
  await west.client.create(accessToken, tokenFor('t', grant));
  await until(() => west.client.find(secret, key('t')), 'Secret');
  west.client.fault = () => undefined;
  // The first one hangs for good, as a killed one does; a second takes over.
  west.own(startAccessTokenController(west, { send: () => assert.fail('asked again') }));
  await untilRedeemed(west, 't');
  assert.ok(await west.client.find(link, key('t')));
  assert.equal(sent.length, 1);
  release();
});

test('what was received is kept until it can be stored', async (context) => {
  const { west, sent } = await joiner(context);
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  let failures = 0;
  west.client.fault = async (verb, kind, object) => {
    if (
      verb !== 'create' ||
      kind !== 'Secret' ||
      !('metadata' in object) ||
      object.metadata.name !== 't'
    )
      return;
    if (failures++ > 0) return;
    await west.client.create(secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 't', namespace },
      data: {},
    });
  };
  await west.client.create(accessToken, tokenFor('t', grant));
  await untilMessage(
    west,
    't',
    'Controller could not create received secret: secrets "t" already exists',
  );
  await west.client.remove(secret, key('t'));
  await untilRedeemed(west, 't');
  assert.equal(sent.length, 1);
});

test('grant servers that do not answer hold up nobody else', async (context) => {
  // Like a dead address: nothing until the request is given up.
  const silence = async ({ signal }: HttpsRequestOptions): Promise<HttpResponse> => {
    const { promise, reject } = Promise.withResolvers<HttpResponse>();
    signal?.addEventListener('abort', () => reject(new HttpError('HTTP_ABORTED', 'given up')));
    return await promise;
  };
  const { west } = await joiner(context, {
    send: (options) =>
      String(options.url).includes('dead') ? silence(options) : httpsRequest(options),
  });
  await west.client.create(site, siteOf(namespace));
  const grant = await west.grant('g');
  for (let index = 0; index < 8; index++) {
    await west.client.create(
      accessToken,
      tokenOf(`dead${index}`, { url: 'https://dead/x', code: 'c', ca: 'x' }),
    );
  }
  await west.client.create(accessToken, tokenFor('t', grant));
  await untilRedeemed(west, 't');
});

for (const [what, answer, message, asks] of [
  ['a page', answerOf(200, '<html>'), 'Controller could not decode response', 'once'],
  [
    'a redirect',
    answerOf(302, 'elsewhere'),
    'Controller got failed response: 302 (Found) elsewhere',
    'once',
  ],
  [
    'a fault of the server',
    answerOf(500, 'No valid endpoints found for site\n'),
    'Controller got failed response: 500 (Internal Server Error) No valid endpoints found for site',
    'again',
  ],
  [
    'a clock that is ahead',
    answerOf(404, 'No such claim\n', { date: new Date(Date.now() + 600_000).toUTCString() }),
    /^Controller got failed response: 404 \(Not Found\) No such claim \[expiry: .*; its clock is 10 min ahead of the one here, which may be why: set both\]$/,
    'once',
  ],
  [
    'too many attempts',
    answerOf(429, 'Too many attempts\n', { 'retry-after': '1' }),
    'Controller got failed response: 429 (Too Many Requests) Too many attempts',
    'again',
  ],
  [
    'control characters',
    answerOf(403, `a\u001b[31m\nb${'x'.repeat(500)}`),
    /^Controller got failed response: 403 \(Forbidden\) a \[31m b?x{150,} \[code: .*\]$/,
    'once',
  ],
] as const) {
  test(`an answer with ${what} is told in plain words and asked ${asks}`, async (context) => {
    const bench = controllerBench(context);
    let asked = 0;
    bench.own(
      startAccessTokenController(bench, {
        send: async () => {
          asked++;
          return answer;
        },
      }),
    );
    await bench.client.create(site, siteOf(namespace));
    await bench.client.create(
      accessToken,
      tokenOf('t', { url: 'https://h/x', code: 'c', ca: 'x' }),
    );
    await untilMessage(bench, 't', message);
    assert.equal(asked, 1, 'the status written does not bring the next try forward');
    if (asks === 'again') await until(() => asked > 1, 'asked again');
    assert.equal(await bench.client.find(secret, key('t')), undefined);
  });
}
