/** Claims of Skupper v1 both ways: theirs redeemed here, and ours redeemed as their sites do. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { text as bodyOf } from 'node:stream/consumers';
import { link, site } from '#apis/index.ts';
import { httpsRequest } from '#http/index.ts';
import { type Secret, secret, secretText } from '#kube/index.ts';
import { parse } from 'yaml';
import { kubectlSkip } from '../support/process-kubectl.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
import { upKubectl } from '../support/up-kubectl.ts';
import { startUp } from '../support/up-process.ts';
import { succeeded } from '../support/up-sites.ts';
import { credentials } from '../support/why-situation.ts';

const base64 = (content: string): string => Buffer.from(content).toString('base64');

test('link create redeems a claim of a Skupper v1 site', async (t) => {
  const [server, issued] = [await credentials(), await credentials()];
  const asked: { url: string; body: string; headers: IncomingHttpHeaders }[] = [];
  const claims = createServer({ cert: server.cert, key: server.key }, (request, response) => {
    void bodyOf(request).then((body) => {
      asked.push({ url: request.url ?? '', body, headers: request.headers });
      const isRight = request.method === 'POST' && body === 'open sesame';
      response.writeHead(isRight ? 200 : 403).end(isRight ? answer : 'Claim refused\n');
    });
  });
  const annotations = { 'inter-router-host': '127.0.0.1', 'inter-router-port': '1' };
  const labels = { 'skupper.io/type': 'connection-token' };
  const answer = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: '3f0c', labels, annotations },
    type: 'kubernetes.io/tls',
    data: {
      'ca.crt': base64(issued.ca),
      'tls.crt': base64(issued.cert),
      'tls.key': base64(issued.key),
    },
  });
  await new Promise<void>((resolve) => {
    claims.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    claims.closeAllConnections();
    claims.close();
  });
  const { port } = claims.address() as AddressInfo;

  const up = await startUp(t, {});
  const client = await clientOf(t, up);
  succeeded(await up.cli('site', 'create', 'east', '-n', 'east', '--create-namespace'));
  const file = join(up.home, 'claim.yaml');
  const claim = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: '3f0c',
      labels: { 'skupper.io/type': 'token-claim' },
      annotations: {
        'skupper.io/url': `https://127.0.0.1:${port}/3f0c`,
        'skupper.io/generated-by': 'west-id',
        'skupper.io/site-version': '1.9.6',
      },
    },
    data: { password: base64('open sesame'), 'ca.crt': base64(server.ca) },
  };
  await writeFile(file, JSON.stringify(claim));
  const said = succeeded(await up.cli('link', 'create', file, '-n', 'east'));
  assert.match(said, /^Site configured to link to https:\/\/127\.0\.0\.1:\d+\/3f0c \(name=link1\)/);

  const key = { namespace: 'east', name: 'link1' };
  const made = await waitUntil('the Link', async () => client.find(link, key), {
    describe: () => up.process.describe(),
  });
  assert.deepEqual(made.spec?.endpoints, [
    { name: 'inter-router', host: '127.0.0.1', port: '1', group: 'skupper-router' },
  ]);
  const stored = await client.get(secret, key);
  assert.equal(stored.data?.['tls.crt'], base64(issued.cert));
  const own = await client.get(site, { namespace: 'east', name: 'east' });
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.url, '/3f0c?site-version=1.9.6');
  assert.equal(asked[0].headers['skupper-site-name'], own.metadata.uid);
  const again = await up.cli('link', 'create', file, '-n', 'east');
  assert.match(again.stderr, /Failed to create link: Already connected to "west-id"/);
});

test('claims of ours link by kubectl apply, and by the way a site of v1 asks', {
  skip: kubectlSkip,
}, async (t) => {
  const up = await startUp(t, {});
  const kubectl = upKubectl(up);
  const client = await clientOf(t, up);
  succeeded(
    await up.cli(
      'site',
      'create',
      'west',
      '-n',
      'west',
      '--create-namespace',
      '--enable-link-access',
    ),
  );
  succeeded(await up.cli('site', 'create', 'east', '-n', 'east', '--create-namespace'));
  const file = join(up.home, 'claim.yaml');
  succeeded(
    await up.cli('token', 'create', file, '--uses', '2', '--name', 'to-west', '-n', 'west'),
  );
  const text = await readFile(file, 'utf8');
  assert.doesNotMatch(text, /PRIVATE KEY/);
  succeeded(await kubectl.run('apply', '-n', 'east', '-f', file));
  const key = { namespace: 'east', name: 'to-west' };
  await waitUntil('the Link to be up', async () => {
    const found = await client.find(link, key);
    return found?.status?.status === 'Ready';
  });
  const status = succeeded(await up.cli('token', 'status', file, '-n', 'west'));
  assert.match(status, /Uses made: +1 of 2/);
  // What is left of it goes to a site of v1, which knows no names and no certificate requests.
  const claim = parse(text) as Secret;
  const own = await client.get(site, { namespace: 'west', name: 'west' });
  const answered = await httpsRequest({
    url: `${claim.metadata.annotations?.['skupper.io/url']}?site-version=1.8.1`,
    method: 'POST',
    headers: { 'skupper-site-name': 'north-id' },
    body: secretText(claim, 'password') ?? '',
    ca: secretText(claim, 'ca.crt') ?? '',
  });
  assert.equal(answered.status, 200);
  const received = parse(answered.body.toString()) as Secret;
  assert.equal(received.metadata.annotations?.['skupper.io/generated-by'], own.metadata.uid);
  assert.ok(secretText(received, 'tls.key'));
  assert.match(succeeded(await up.cli('token', 'status', file, '-n', 'west')), /State: +used up/);
  // The Secret owns all that came of it.
  succeeded(await kubectl.run('delete', 'secret', 'to-west', '-n', 'east'));
  await waitUntil('all of it to go', async () => (await client.find(link, key)) === undefined);
});
