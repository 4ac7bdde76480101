/** A flood of one client beside the ordinary work of another. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { httpsRequest } from '#http/index.ts';
import type { ConfigMap } from '#kube/index.ts';
import { FairGate } from '../../src/apiserver/fairness/fair-gate.ts';
import { apiServerFor } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const never = new AbortController().signal;

test('beside a flood of large lists another client is answered after a few turns', async (t) => {
  const api = await apiServerFor(t);
  const mapOf = (n: number): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c${n}`, namespace: 'default', uid: `u${n}` },
    data: { text: 'x'.repeat(1000) },
  });
  await Promise.all(
    Array.from({ length: 500 }, (_, n) =>
      api.store.write({
        collection: 'configmaps',
        namespace: 'default',
        name: `c${n}`,
        expected: 0,
        value: mapOf(n),
      }),
    ),
  );
  const { ca, adminCert: cert, adminKey: key } = api.files;
  const agent = new Agent({ keepAlive: true, ca, cert, key, maxSockets: 64 });
  t.after(() => agent.destroy());
  let flooded = 0;
  const flood = Array.from({ length: 400 }, async () => {
    const headers = { 'user-agent': 'flood' };
    const url = `${api.server.origin}${maps}`;
    const bodyBytesMax = 1e8;
    const { status } = await httpsRequest({
      url,
      ca,
      agent,
      headers,
      timeoutMs: 60_000,
      bodyBytesMax,
    });
    flooded++;
    return status;
  });
  await until(() => flooded >= 1, 'the flood to begin');
  const before = flooded;
  const mine = { 'user-agent': 'ordinary' };
  for (let n = 0; n < 5; n++) {
    assert.equal((await api.call(`${maps}?limit=1`, { headers: mine })).status, 200);
    const body = { metadata: { name: `mine-${n}` } };
    assert.equal((await api.call(maps, { body, headers: mine })).status, 201);
  }
  // Ten requests in a row, and the flood got no more than a few places for each of them.
  const meanwhile = flooded - before;
  assert.ok(meanwhile < 250, `${meanwhile} of the flood were answered before`);
  const statuses = new Set(await Promise.all(flood));
  assert.deepEqual(
    [...statuses].filter((status) => status !== 200 && status !== 429),
    [],
  );
});

test('flows take turns by weight, and none holds more than half of the places', async () => {
  const gate = new FairGate({
    placesMax: 4,
    waitingPerFlowMax: 100,
    waitingMax: 200,
    waitMsMax: 9e4,
  });
  const cut = new AbortController();
  const order: string[] = [];
  const leaves: (() => void)[] = [];
  const ask = (id: string, weight: number): void => {
    void gate.enter({ id, weight }, cut.signal).then((leave) => {
      if (leave === undefined) return;
      order.push(id);
      leaves.push(leave);
    });
  };
  for (let n = 0; n < 40; n++) ask('flood', 1);
  await until(() => order.length === 2, 'half of the places');
  for (let n = 0; n < 6; n++) ask('light', 1);
  for (let n = 0; n < 12; n++) ask('heavy', 2);
  await until(() => order.length === 4, 'the other half');
  while (order.length < 26) {
    leaves.shift()?.();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  cut.abort();
  const early = order.slice(2, 26);
  const count = (id: string): number => early.filter((each) => each === id).length;
  assert.ok(count('light') >= 5, early.join(' '));
  assert.ok(count('heavy') >= 10, early.join(' '));
  assert.ok(count('flood') <= 9, early.join(' '));
});

test('waiting is bounded in number and time, and whoever leaves makes room', async () => {
  const gate = new FairGate({ placesMax: 2, waitingPerFlowMax: 1, waitingMax: 10, waitMsMax: 50 });
  const flow = { id: 'a', weight: 1 };
  const leave = await gate.enter(flow, never);
  assert.ok(leave);
  const gone = new AbortController();
  const leaving = gate.enter(flow, gone.signal);
  assert.equal(await gate.enter(flow, never), undefined, 'one may wait, not two');
  gone.abort();
  assert.equal(await leaving, undefined);
  assert.equal(await gate.enter(flow, never), undefined, 'waited too long');
  const next = gate.enter(flow, never);
  leave();
  assert.ok(await next);
});

test('one user has so many watches and leaves the others theirs', async (t) => {
  const api = await apiServerFor(t, { limits: { watchesPerUserMax: 1 } });
  const { ca, adminCert: cert, adminKey: key } = api.files;
  const cut = new AbortController();
  const url = `${api.server.origin}${maps}?watch=true`;
  const { signal } = cut;
  const watch = httpsRequest({ url, ca, cert, key, signal, timeoutMs: 60_000 }).catch(() => 'cut');
  await until(() => api.server.openWatches === 1, 'the watch');
  const second = await api.call(`${maps}?watch=true&timeoutSeconds=1`);
  assert.equal(second.status, 429);
  assert.equal(second.headers['retry-after'], '1');
  cut.abort();
  await watch;
  await until(() => api.server.openWatches === 0, 'its end');
  assert.equal((await api.call(`${maps}?watch=true&timeoutSeconds=1`)).status, 200);
});
