/** A claim of a Skupper v1 site, redeemed as that site expects it and turned into a Link. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { text as bodyOf } from 'node:stream/consumers';
import { link, site } from '#apis/index.ts';
import { secret } from '#kube/index.ts';
import { waitUntil } from '../support/process-wait.ts';
import { clientOf } from '../support/up-objects.ts';
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
  assert.match(
    said,
    /^Site configured to link to https:\/\/127\.0\.0\.1:\d+\/3f0c\S* \(name=link1\)/,
  );

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
