/**
 * Several grant servers over one API: they count together, slow guessers down together, and any of
 * them can give an answer that another one gave before.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessGrant, issuedLink } from '#apis/index.ts';
import { type RunningGrantServer, startGrantServer } from '#grants/index.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { createKeyPair, createSigningRequest } from '#pki/index.ts';
import type { EventRecorder } from '#kubeclient/index.ts';
import { apiServerBench, type BenchClient } from '../support/controller-bench.ts';
import {
  type GrantWorld,
  grantWorld,
  grantWorldOver,
  openSite,
  west,
} from '../support/grant-world.ts';
import { until } from '../support/until.ts';

async function replica<C extends BenchClient>(
  world: GrantWorld<C>,
  events?: Pick<EventRecorder, 'record'>,
): Promise<RunningGrantServer> {
  return world.own(
    await startGrantServer(
      { ...world, ...(events === undefined ? {} : { events }) },
      { host: '127.0.0.1', port: 0 },
    ),
  );
}

async function ask(
  server: RunningGrantServer,
  grant: AccessGrant,
  headers: Record<string, string> = {},
  body = grant.status?.code ?? '',
): Promise<HttpResponse> {
  return await httpsRequest({
    url: `${server.url}/${grant.metadata.uid}`,
    method: 'POST',
    body,
    headers,
    ca: server.current()?.caPem ?? '',
    timeoutMs: 30_000,
  });
}

const certificateIn = (response: HttpResponse): string =>
  / {2}tls\.crt: (\S+)/.exec(response.body.toString('utf8'))?.[1] ?? response.body.toString();

test('of 100 parallel redemptions at three replicas exactly the 7 allowed succeed', async (t) => {
  const bench = await apiServerBench(t, [west, 'drawbridge-system']);
  const world = await grantWorldOver(bench);
  await openSite(world);
  const grant = await world.grant('seven', { redemptionsAllowed: 7 });
  const servers = [world.server, await replica(world), await replica(world)];
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const server = servers[index % servers.length] ?? world.server;
      return await ask(server, grant, { name: `t${index}`, subject: `site-${index}` });
    }),
  );
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 7, statuses.join(' '));
  assert.ok(
    statuses.every((status) => [200, 404, 429, 503].includes(status)),
    statuses.join(' '),
  );
  const now = await world.read('seven');
  assert.equal(now.status?.redemptions, 7);
  assert.equal(now.status.redeemedBy?.length, 7);
  const condition = now.status.conditions?.find(({ type }) => type === 'Redeemable');
  assert.deepEqual([condition?.status, condition?.message], ['False', 'used up: 7 of 7 used']);
  // Each of them has its record, and what was not counted has none.
  const records = await until(async () => {
    const { items } = await world.client.list(issuedLink, { namespace: west });
    return items.length === 7 ? items : undefined;
  }, 'seven records');
  assert.deepEqual(
    records.map(({ metadata }) => metadata.name).toSorted(),
    now.status.redeemedBy.map((each) => each.issuedLink ?? '').toSorted(),
  );
});

test('who lost the answer gets it from another replica, counted once', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('one');
  const second = await replica(world);
  const request = await createSigningRequest(await createKeyPair(), { commonName: 'joiner' });
  const headers = {
    name: 't',
    subject: 'site',
    'redemption-id': 'same',
    'certificate-request': request.replaceAll(/-----[^-]+-----|\s/g, ''),
  };
  const first = await ask(world.server, grant, headers);
  assert.equal(first.status, 200);
  const again = await ask(second, grant, headers);
  assert.equal(again.status, 200, again.body.toString());
  assert.equal(certificateIn(again), certificateIn(first));
  assert.equal((await world.read('one')).status?.redemptions, 1);
  // Another joiner, or the same id with another key, is somebody else.
  assert.equal((await ask(second, grant, { ...headers, 'redemption-id': 'other' })).status, 404);
  // Once revoked, nobody gets it again.
  const record = await until(() => world.informers.of(issuedLink).list(west)[0], 'the record');
  assert.ok(record.spec);
  await world.client.update(issuedLink, { ...record, spec: { ...record.spec, revoked: true } });
  assert.equal((await ask(await replica(world), grant, headers)).status, 403);
});

test('a record that a killed server left behind is the one that its joiner is then given', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('one');
  const request = await createSigningRequest(await createKeyPair(), { commonName: 'joiner' });
  const headers = {
    name: 't',
    subject: 'site',
    'redemption-id': 'same',
    'certificate-request': request.replaceAll(/-----[^-]+-----|\s/g, ''),
  };
  // As if it died between record and count: the count never comes back.
  const { promise: never, resolve: release } = Promise.withResolvers<void>();
  world.client.fault = async (verb, kind) => {
    if (verb === 'updateStatus' && kind === 'AccessGrant') await never;
  };
  const lost = ask(world.server, grant, headers);
  const [left] = await until(() => {
    const records = world.informers.of(issuedLink).list(west);
    return records.length === 1 ? records : undefined;
  }, 'the record');
  world.client.fault = () => undefined;
  const again = await ask(await replica(world), grant, headers);
  assert.equal(again.status, 200, again.body.toString());
  const now = await world.read('one');
  assert.equal(now.status?.redemptions, 1);
  assert.equal(now.status.redeemedBy?.[0]?.serialNumber, left?.spec?.serialNumber);
  // The first one comes back to life after all: it is no second redemption, and takes nothing back.
  release();
  assert.equal(certificateIn(await lost), certificateIn(again));
  assert.equal((await world.read('one')).status?.redemptions, 1);
  assert.equal(world.informers.of(issuedLink).list(west).length, 1);
});

test('two at once with one request, at two replicas, are one redemption', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('one', { redemptionsAllowed: 2 });
  const second = await replica(world);
  const request = await createSigningRequest(await createKeyPair(), { commonName: 'joiner' });
  const headers = {
    name: 't',
    subject: 'site',
    'redemption-id': 'same',
    'certificate-request': request.replaceAll(/-----[^-]+-----|\s/g, ''),
  };
  const answers = await Promise.all([
    ask(world.server, grant, headers),
    ask(second, grant, headers),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(certificateIn(answers[0]), certificateIn(answers[1]));
  assert.equal((await world.read('one')).status?.redemptions, 1);
});

test('wrong codes are recorded on the grant, told, and slowed down by all replicas', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  world.clock.stop();
  const told: string[] = [];
  const events = {
    record: (_object: unknown, { reason, message }: { reason: string; message: string }) =>
      void told.push(`${reason} ${message}`),
  };
  const servers = [await replica(world, events), await replica(world, events)] as const;
  const grant = await world.grant('g');
  let writes = 0;
  world.client.fault = (verb, kind) => {
    if (verb === 'updateStatus' && kind === 'AccessGrant') writes++;
  };
  for (let index = 0; index < 10; index++) {
    const server = servers[index % 2] ?? servers[0];
    assert.equal((await ask(server, grant, {}, 'wrong')).status, 403, `${index}`);
  }
  const refusals = await until(async () => {
    const found = (await world.read('g')).status?.refusals;
    return found?.count === 10 ? found : undefined;
  }, 'all on record');
  assert.equal(refusals.client, '127.0.0.1');
  assert.deepEqual(
    refusals.clients?.map(({ client, level }) => [client, level]),
    [['127.0.0.1', 10_000]],
  );
  assert.equal((await world.read('g')).status?.redemptions, undefined);
  assert.equal(told[0], 'RedemptionRefused A wrong code came from 127.0.0.1');
  await until(
    () => told.some((each) => each.endsWith('; none is taken from there for a while')),
    'told',
  );
  // Two a second at most, of each replica.
  assert.ok(writes <= 6, `${writes} writes`);
  // Five came to each of them, yet the address is refused by both, with the right code too.
  for (const server of servers) {
    const answer = await until(async () => {
      const found = await ask(server, grant);
      return found.status === 429 ? found : undefined;
    }, 'closed');
    assert.equal(Number(answer.headers['retry-after']), 6);
  }
  world.clock.offsetMs = 6000;
  assert.equal((await ask(servers[0], grant)).status, 200);
});
