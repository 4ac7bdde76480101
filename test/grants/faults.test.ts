/**
 * Redemptions while the API under them fails: refused for the moment, counted once whatever got
 * lost, and going on by themselves.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type AccessGrant, accessToken, issuedLink, site } from '#apis/index.ts';
import { startAccessTokenController } from '#grants/index.ts';
import { type HttpResponse, httpsRequest } from '#http/index.ts';
import { KubeClientError } from '#kubeclient/index.ts';
import { createKeyPair, createSigningRequest } from '#pki/index.ts';
import { apiServerBench, type BenchClient } from '../support/controller-bench.ts';
import { cuttingProxy, type CuttingProxy } from '../support/cutting-proxy.ts';
import {
  type GrantWorld,
  grantWorld,
  grantWorldOver,
  openSite,
  siteOf,
  west,
} from '../support/grant-world.ts';
import { onSmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';

const away = (): KubeClientError =>
  new KubeClientError('KUBE_UNREACHABLE', 'connection reset', { retry: 'backoff' });

/** Records are as many as uses, and are those of the uses. */
async function recordsFit(
  world: GrantWorld<BenchClient>,
  name: string,
  uses: number,
): Promise<void> {
  const { status } = await world.read(name);
  assert.equal(status?.redemptions, uses);
  const used = status.redeemedBy?.map(({ issuedLink: record = '' }) => record) ?? [];
  await until(
    () => {
      const records = world.informers.of(issuedLink).list(west);
      assert.deepEqual(records.map(({ metadata }) => metadata.name).toSorted(), used.toSorted());
      return true;
    },
    'one record for each use',
    30_000,
  );
}

/** Asks as our joiners do until there is a last word. */
async function untilAnswered(
  world: GrantWorld<BenchClient>,
  grant: AccessGrant,
  name: string,
): Promise<HttpResponse> {
  const request = await createSigningRequest(await createKeyPair(), { commonName: 'joiner' });
  const headers = {
    name,
    subject: name,
    'redemption-id': name,
    'certificate-request': request.replaceAll(/-----[^-]+-----|\s/g, ''),
  };
  return await until(
    async () => {
      const answer = await httpsRequest({
        url: `${world.server.url}/${grant.metadata.uid}`,
        method: 'POST',
        body: grant.status?.code ?? '',
        headers,
        ca: world.server.current()?.caPem ?? '',
      });
      if (answer.status < 500) return answer;
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers['retry-after']) > 0);
      return undefined;
    },
    name,
    60_000,
  );
}

test('while the API is away redemptions are refused for the moment, and none is lost or counted twice', async (t) => {
  let proxy: CuttingProxy | undefined;
  const bench = await apiServerBench(t, [west, 'drawbridge-system'], {
    through: async (port) => {
      proxy = await cuttingProxy(t, port);
      return proxy.port;
    },
  });
  assert.ok(proxy);
  const world = await grantWorldOver(bench);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 20 });
  const server = proxy.target;
  const answers = Promise.all(
    Array.from({ length: 30 }, (_, index) => untilAnswered(world, grant, `t${index}`)),
  );
  for (let turn = 0; turn < 4; turn++) {
    // Cut with writes under way, whose answers get lost, and stay away longer than it is tried.
    proxy.target = 1;
    proxy.cut();
    if (turn === 0) {
      const plain = await world.redeem(grant, { headers: { name: 'plain', subject: 'plain' } });
      assert.deepEqual([plain.status, plain.headers['retry-after']], [503, '2']);
    }
    await pause(turn * 100);
    proxy.target = server;
    await pause(150);
  }
  const statuses = (await answers).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 20, statuses.join(' '));
  assert.equal(statuses.filter((status) => status === 404).length, 10, statuses.join(' '));
  const certificates = (await answers)
    .filter(({ status }) => status === 200)
    .map(({ body }) => / {2}tls\.crt: (\S+)/.exec(body.toString('utf8'))?.[1]);
  assert.equal(new Set(certificates).size, 20);
  await recordsFit(world, 'g', 20);
});

test('a joiner that is cut off after it was read, or before it was answered, is let in once', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  await world.client.create(site, siteOf('east'));
  world.own(startAccessTokenController(world));
  const proxy = await cuttingProxy(t, Number(new URL(world.server.url).port));
  const write = world.client.updateStatus.bind(world.client);
  const cuts = { record: 0, count: 0 };
  world.client.fault = (verb, kind) => {
    if (verb !== 'create' || kind !== 'IssuedLink' || cuts.record > 0) return;
    cuts.record++;
    proxy.cut();
  };
  world.client.updateStatus = async (of, object) => {
    const written = await write(of, object);
    if (
      of.kind === 'AccessGrant' &&
      world.client.writes.some((each) => each.includes('IssuedLink'))
    ) {
      if (cuts.count++ === 0) proxy.cut();
    }
    return written;
  };
  const grant = await world.grant('g', { redemptionsAllowed: 5 });
  const url = new URL(grant.status?.url ?? '');
  url.port = String(proxy.port);
  const { code = '', ca = '' } = grant.status ?? {};
  await world.client.create(accessToken, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 't', namespace: 'east' },
    spec: { url: url.href, code, ca },
  });
  await until(async () => {
    const found = await world.client.find(accessToken, { namespace: 'east', name: 't' });
    return found?.status?.redeemed;
  }, 'redeemed');
  assert.deepEqual([cuts.record, cuts.count > 0, proxy.taken > 1], [1, true, true]);
  await recordsFit(world, 'g', 1);
});

test('a count that was made although its answer got lost is not made again', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('g', { redemptionsAllowed: 3 });
  const write = world.client.updateStatus.bind(world.client);
  let lost = 0;
  world.client.updateStatus = async (of, object) => {
    const written = await write(of, object);
    if (of.kind !== 'AccessGrant' || lost >= 2) return written;
    lost++;
    throw away();
  };
  // This one cannot ask again: it brings neither an id nor a certificate request.
  const first = await world.redeem(grant, { headers: { name: 'a', subject: 'a' } });
  assert.equal(first.status, 200, first.body.toString());
  assert.ok(lost > 0);
  await recordsFit(world, 'g', 1);
});

test('a record that was made although its answer got lost is taken back', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('g');
  const create = world.client.create.bind(world.client);
  let isLost = true;
  world.client.create = async (of, object) => {
    const made = await create(of, object);
    if (of.kind !== 'IssuedLink' || !isLost) return made;
    isLost = false;
    throw away();
  };
  assert.equal((await world.redeem(grant)).status, 503);
  await until(
    () => world.informers.of(issuedLink).list(west).length === 0,
    'nobody’s record to go',
  );
  assert.equal((await world.redeem(grant)).status, 200);
  await recordsFit(world, 'g', 1);
});

test('when the disk is full in between, nothing is counted and the record goes later', async (t) => {
  const world = await grantWorld(t);
  await openSite(world);
  const grant = await world.grant('g');
  let isFull = true;
  world.client.fault = (verb, kind) => {
    const isHit =
      (verb === 'updateStatus' && kind === 'AccessGrant') ||
      (verb === 'update' && kind === 'IssuedLink');
    if (isHit && isFull)
      throw new KubeClientError('KUBE_SERVER', 'the disk is full', { status: 507 });
  };
  const refused = await world.redeem(grant);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '2']);
  assert.equal(world.informers.of(issuedLink).list(west).length, 1);
  isFull = false;
  await until(() => world.informers.of(issuedLink).list(west).length === 0, 'the record to go');
  assert.equal((await world.read('g')).status?.redemptions, undefined);
  assert.equal((await world.redeem(grant)).status, 200);
  await recordsFit(world, 'g', 1);
});

test('on a disk that is really full redemptions are refused, and go on when there is room', async (t) => {
  const printed = await onSmallDisk(t, './grants-full-disk.process.ts', 6);
  if (printed === undefined) return;
  assert.deepEqual(printed, {
    full: 507,
    refused: 503,
    retryAfter: '2',
    after: 200,
    records: 1,
    counted: 1,
  });
});
