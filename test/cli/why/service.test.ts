/** `why listener/NAME` and `why connector/NAME`: every documented failure comes out as the one cause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connector, listener, site } from '#apis/index.ts';
import { isNear } from '../../../src/cli/input/nearest.ts';
import { freePort } from '../../support/up-sites.ts';
import {
  condition,
  ours,
  plainServer,
  situation,
  type Situation,
  type Told,
} from '../../support/why-situation.ts';

function blames(told: Told, step: string, detail: RegExp, fix: RegExp): void {
  assert.equal(told.code, 1, told.text);
  assert.equal(told.cause?.step, step, told.text);
  assert.match(told.cause.detail, detail);
  assert.match(told.cause.fix.join('\n'), fix);
}

const unmatched = [condition('Configured', 'True'), condition('Matched', 'False', 'No matching')];

async function withListener(s: Situation, spec: object, conditions: object[]): Promise<void> {
  const whole = { routingKey: 'backend', host: '127.0.0.1', port: 8080, ...spec };
  await s.apply(ours('Listener', 'backend', whole));
  await s.setStatus(listener, 'backend', { conditions });
}

async function withConnector(s: Situation, spec: object, conditions: object[]): Promise<void> {
  await s.apply(ours('Connector', 'backend', { routingKey: 'backend', port: 1, ...spec }));
  await s.setStatus(connector, 'backend', { conditions });
}

async function network(s: Situation, ...services: object[]): Promise<void> {
  await s.setStatus(site, 'east', {
    sitesInNetwork: 2,
    network: [{ id: 'w', name: 'west', namespace: 'west', links: [], services }],
  });
}

test('a listener or connector that does not exist', async (t) => {
  const s = await situation(t);
  blames(await s.why('listener/x'), 'listener', /no listener x/, /listener create x PORT/);
  blames(await s.why('connector/x'), 'connector', /no connector x/, /connector create x PORT/);
});

test('no connector has the routing key of a listener', async (t) => {
  const s = await situation(t);
  await withListener(s, {}, unmatched);
  blames(
    await s.why('listener/backend'),
    'match',
    /^no connector in the network has the routing key "backend"$/,
    /drawbridge connector create NAME PORT --host HOST --routing-key backend/,
  );
});

test('a routing key with a slip of the pen', async (t) => {
  const s = await situation(t);
  await withListener(s, { routingKey: 'bakend' }, unmatched);
  await network(s, { routingKey: 'backend', connectors: ['h'], listeners: [] });
  blames(
    await s.why('listener/backend'),
    'match',
    /has the routing key "bakend"; there is "backend"$/,
    /drawbridge listener update backend --routing-key backend -n east/,
  );
});

test('a link that is down explains a missing connector', async (t) => {
  const s = await situation(t);
  await withListener(s, {}, unmatched);
  const { metadata } = JSON.parse((await siteOf(s)).stdout) as { metadata: { uid: string } };
  const links = [{ name: 'to-west', remoteSiteId: 'w', operational: false }];
  await s.setStatus(site, 'east', { network: [{ id: metadata.uid, name: 'east', links }] });
  blames(
    await s.why('listener/backend'),
    'match',
    /link to-west is not up/,
    /drawbridge why link\/to-west -n east/,
  );
});

async function siteOf(s: Situation): Promise<{ stdout: string }> {
  return s.cli('site', 'status', '-o', 'json');
}

test('a port of the host that is taken', async (t) => {
  const s = await situation(t);
  const message = 'Cannot listen on 127.0.0.1:8080: EADDRINUSE';
  await withListener(s, {}, [condition('Configured', 'False', message)]);
  const fix =
    /ss -ltnp 'sport = :8080'\n {2}drawbridge listener update backend --port 8081 -n east/;
  blames(await s.why('listener/backend'), 'configured', /^Cannot listen on/, fix);
});

test('a Service of the user with the name of the host', async (t) => {
  const s = await situation(t);
  const message = 'Service backend already exists in namespace';
  await withListener(s, { host: 'backend' }, [condition('Configured', 'False', message)]);
  blames(await s.why('listener/backend'), 'configured', /already exists/, /--host backend-remote/);
});

test('credentials of a listener that are missing', async (t) => {
  const s = await situation(t);
  await withListener(s, { tlsCredentials: 'web' }, unmatched);
  const told = await s.why('listener/backend');
  blames(told, 'credentials', /Secret web does not exist/, /--tls-credentials SECRET/);
});

test('a server behind a connector that is down', async (t) => {
  const s = await situation(t);
  const port = await freePort();
  await withConnector(s, { host: '127.0.0.1', port }, unmatched);
  blames(
    await s.why('connector/backend'),
    'tcp',
    new RegExp(`nothing listens at 127.0.0.1:${port}: the server is down`),
    /drawbridge connector update backend --host HOST --port PORT -n east/,
  );
});

test('a selector that matches no pod', async (t) => {
  const s = await situation(t);
  const conditions = [condition('Configured', 'False', 'No matches for selector')];
  await withConnector(s, { selector: 'app=x' }, conditions);
  const told = await s.why('connector/backend');
  blames(told, 'configured', /^No matches for selector$/, /kubectl get pods -n east --show-labels/);
});

test('no listener has the routing key of a connector', async (t) => {
  const s = await situation(t);
  await withConnector(s, { host: '127.0.0.1', port: await plainServer(t) }, unmatched);
  blames(
    await s.why('connector/backend'),
    'match',
    /no listener in the network/,
    /listener create/,
  );
});

test('a connector that is well', async (t) => {
  const s = await situation(t);
  const well = ['Configured', 'Matched'].map((type) => condition(type, 'True'));
  await withConnector(s, { host: '127.0.0.1', port: await plainServer(t) }, well);
  await network(s, { routingKey: 'backend', connectors: [], listeners: ['backend'] });
  const told = await s.why('connector/backend');
  assert.equal(told.code, 0, told.text);
  assert.equal(told.cause, undefined);
  assert.match(told.text, /a listener for "backend" is in site west\n\nNo fault found\.\n$/);
});

test('without an object everything of the namespace is followed', async (t) => {
  const s = await situation(t);
  const none = await s.cli('why');
  assert.equal(none.code, 1, none.stdout);
  // There is no router in this test, which is the site's fault: nothing else is looked at.
  assert.match(none.stdout, /^OBJECT +STATE +CAUSE\nsite\/east +FAULT +the router does not/);
  const empty = await situation(t, false);
  const told = await empty.cli('why', '-o', 'json');
  assert.equal(told.code, 1);
  const { healthy, objects } = JSON.parse(told.stdout) as {
    healthy: boolean;
    objects: { target: string; cause?: { detail: string } }[];
  };
  assert.equal(healthy, false);
  assert.deepEqual(
    objects.map(({ target, cause }) => [target, cause?.detail]),
    [['site', 'No active site in namespace east']],
  );
});

test('kinds are taken as kubectl prints and takes them', async (t) => {
  const s = await situation(t);
  for (const target of ['listeners/x', 'lnr/x', 'listener.skupper.io/x']) {
    assert.equal((await s.why(target)).cause?.step, 'listener');
  }
  for (const target of ['accesstoken.skupper.io/x', 'tokens/x', 'to/x']) {
    assert.equal((await s.why(target)).cause?.step, 'token');
  }
});

test('texts are near when one slip makes the one of the other', () => {
  for (const [a, b] of [
    ['backend', 'bakend'],
    ['backend', 'backends'],
    ['backend', 'beckend'],
    ['backend', 'bakcend'],
    ['', 'a'],
  ] as const) {
    assert.ok(isNear(a, b), `${a} ${b}`);
    assert.ok(isNear(b, a), `${b} ${a}`);
  }
  for (const [a, b] of [
    ['backend', 'frontend'],
    ['ab', 'cd'],
    ['abc', 'cba'],
    ['a', 'abc'],
  ] as const) {
    assert.ok(!isNear(a, b), `${a} ${b}`);
  }
});
