/** The CAs of a linked site get new keys: nothing is cut, kill -9 or not, and who fails is named. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessGrant, certificate, issuedLink } from '#apis/index.ts';
import { httpsRequest } from '#http/index.ts';
import { findCondition, secret, secretText } from '#kube/index.ts';
import { splitBundle, verifyIssuedBy } from '#pki/index.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
import { startUp, temporaryFolder } from '../support/up-process.ts';
import {
  answers,
  exposeInEast,
  linkReady,
  linkWestAndEast,
  startHello,
  succeeded,
} from '../support/up-sites.ts';

const caKey = { namespace: 'west', name: 'skupper-site-ca' };

/** As a Skupper site does it: the key comes with the answer, and nothing renews it. */
async function redeemAsSkupper(client: Awaited<ReturnType<typeof clientOf>>): Promise<void> {
  await client.create(accessGrant, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessGrant',
    metadata: { name: 'old', namespace: 'west' },
  });
  const grant = await waitUntil('the grant', async () => {
    const { status } = await client.get(accessGrant, { namespace: 'west', name: 'old' });
    return status?.status === 'Ready' && status;
  });
  const answer = await httpsRequest({
    url: grant.url ?? '',
    method: 'POST',
    body: grant.code ?? '',
    headers: { name: 'old-skupper', subject: 'an-old-skupper-site' },
    ca: grant.ca ?? '',
  });
  assert.equal(answer.status, 200);
}

test('a CA rotates while a stream goes on, through kill -9, to the end', async (t) => {
  const home = await temporaryFolder(t);
  const data = join(home, 'data');
  const first = await startUp(t, { data, home });
  let client = await clientOf(t, first);
  await linkWestAndEast(first);
  await redeemAsSkupper(client);
  const [own] = (await client.list(issuedLink, { namespace: 'west' })).items.filter(
    ({ spec }) => spec?.form === 'csr',
  );
  const held = { namespace: 'east', name: own?.spec?.tokenName ?? '' };
  const entry = async (key: typeof held, name: string): Promise<string> =>
    secretText(await client.get(secret, key), name) ?? '';
  const rotating = async (): Promise<string> => {
    const { status } = await client.get(certificate, caKey);
    const condition = findCondition(status?.conditions, 'Rotating');
    return `${condition?.reason}: ${condition?.message}`;
  };
  const old = await entry(caKey, 'tls.crt');
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => echo.close());
  const echoPort = await exposeInEast(first, 'echo', (echo.address() as AddressInfo).port);
  const hello = await startHello(t, 'hello');
  const helloPort = await exposeInEast(first, 'hello', hello.port);
  await answers(first, `http://127.0.0.1:${helloPort}/`, 'hello');
  const socket = connect(echoPort, '127.0.0.1');
  let received = 0;
  let isCut = false;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  socket.on('close', () => (isCut = true));
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  const goesOn = async (): Promise<void> => {
    const before = received;
    socket.write('x'.repeat(1000));
    await waitUntil('the echo', () => received === before + 1000);
    assert.equal(isCut, false);
  };
  await goesOn();

  await t.test('the site follows over the link, and who cannot is named', async () => {
    const told = succeeded(await first.cli('certificate', 'rotate', '-n', 'west'));
    assert.match(told, /^CA "skupper-site-ca": The new CA signs; the old one is still trusted/);
    const now = await entry(caKey, 'tls.crt');
    await waitUntil(
      'east with a certificate of the new CA',
      async () => verifyIssuedBy(await entry(held, 'tls.crt'), now),
      { describe: () => first.process.describe() },
    );
    assert.deepEqual(splitBundle(await entry(held, 'ca.crt')), [now, old]);
    await waitUntil('only the old Skupper left', async () =>
      /fails after \S+Z unless it redeems a new token: site "an-old-skupper-site" \(IssuedLink old-skupper-[0-9a-f]+\)$/.test(
        await rotating(),
      ),
    );
    const why = await first.cli('why', 'site/west', '-n', 'west');
    assert.match(why.stdout, /CA skupper-site-ca gets a new key: .*an-old-skupper-site/);
    const status = succeeded(await first.cli('certificate', 'status', '-n', 'west'));
    assert.match(status, /^skupper-site-ca +itself +Ready +\S+Z +Overlapping +The new CA signs/m);
    await goesOn();
  });

  await t.test('wrong input says what to do', async () => {
    const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[], 1, /gets a new key already: .*\n.*'--overlap 0s'/],
      [['nope'], 1, /no certificate "nope" in namespace west\n.*certificate status -n west/],
      [['skupper-site-server'], 2, /not a CA: it comes from "skupper-site-ca"/],
      [['--overlap', '1d'], 2, /overlap is not valid: "1d" is not a duration/],
      [['a', 'b'], 2, /only one argument/],
    ];
    for (const [args, code, text] of wrong) {
      const refused = await first.cli('certificate', 'rotate', ...args, '-n', 'west');
      assert.equal(refused.code, code, refused.stderr);
      assert.match(refused.stderr, text);
    }
  });

  await first.stop('SIGKILL');
  const second = await startUp(t, { data, home });
  client = await clientOf(t, second);

  await t.test(
    'after kill -9 the link is back with the new certificates, and it goes on',
    async () => {
      await linkReady(second);
      await answers(second, `http://127.0.0.1:${helloPort}/`, 'hello');
      assert.match(await rotating(), /^Overlapping: .*an-old-skupper-site/);
      succeeded(await second.cli('certificate', 'rotate', '--overlap', '0s', '-n', 'west'));
      await waitUntil('the end', async () => (await rotating()).startsWith('Rotated: '));
      const now = await entry(caKey, 'tls.crt');
      await waitUntil(
        'east without the old CA',
        async () => splitBundle(await entry(held, 'ca.crt')).join() === now,
        { describe: () => second.process.describe() },
      );
      await answers(second, `http://127.0.0.1:${helloPort}/`, 'hello');
      await linkReady(second);
    },
  );

  await t.test('the CAs within the site rotate too, and the site stays Ready', async () => {
    for (const name of ['skupper-local-ca', 'skupper-service-ca']) {
      const args = ['certificate', 'rotate', name, '--overlap', '0s', '-n', 'west'];
      succeeded(await second.cli(...args));
    }
    await waitUntil('both rotated', async () => {
      const status = succeeded(await second.cli('certificate', 'status', '-n', 'west'));
      return status.match(/^skupper-(?:local|service)-ca .* Rotated /gm)?.length === 2;
    });
    // The router is managed with them: what is new must reach it.
    const another = await startHello(t, 'another');
    const port = await exposeInEast(second, 'another', another.port);
    await answers(second, `http://127.0.0.1:${port}/`, 'another');
    succeeded(
      await second.cli(
        'certificate',
        'rotate',
        'skupper-grant-server-ca',
        '-n',
        'drawbridge-system',
      ),
    );
    const token = join(home, 'north.yaml');
    succeeded(await second.cli('site', 'create', 'north', '-n', 'north', '--create-namespace'));
    succeeded(await second.cli('token', 'issue', token, '-n', 'west'));
    succeeded(await second.cli('token', 'redeem', token, '-n', 'north'));
    await linkReady(second, 'north');
  });
});
