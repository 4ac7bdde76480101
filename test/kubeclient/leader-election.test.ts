/** Candidates over a real API server: one leads at a time, whatever happens to it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { type Lease, lease as leaseKind, type ObjectKey } from '#kube/index.ts';
import {
  directConnection,
  KubeClient,
  KubeClientError,
  LeaderElection,
  type LeaderElectionDeps,
  type LeaderElectionOptions,
} from '#kubeclient/index.ts';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

const key: ObjectKey = { namespace: 'default', name: 'work' };

function clientOf(t: TestContext, api: TestApiServer): KubeClient {
  const { ca, adminCert: cert, adminKey: adminKeyPem } = api.files;
  const client = new KubeClient(
    directConnection({ server: api.server.origin, ca, cert, key: adminKeyPem }),
  );
  t.after(() => client.close());
  return client;
}

/** Who leads now, in order; two at a time would show as an overlap. */
class Stage {
  readonly log: string[] = [];
  readonly now = new Set<string>();
  peak = 0;

  readonly lead =
    (name: string) =>
    async (signal: AbortSignal): Promise<void> => {
      this.now.add(name);
      this.peak = Math.max(this.peak, this.now.size);
      this.log.push(name);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
        if (signal.aborted) resolve();
      });
      this.now.delete(name);
    };
}

interface Candidate {
  readonly election: LeaderElection;
  /** Set to make every request fail. */
  cutOff: boolean;
}

function candidate(
  t: TestContext,
  client: KubeClient,
  stage: Stage,
  name: string,
  options: Partial<LeaderElectionOptions> = {},
): Candidate {
  const made = { cutOff: false };
  const guard = (): void => {
    if (made.cutOff) throw new KubeClientError('KUBE_UNREACHABLE', 'cut off');
  };
  const cuttable: LeaderElectionDeps['client'] = {
    find: async (of, at) => (guard(), client.find(of, at)),
    create: async (of, object, how) => (guard(), client.create(of, object, how)),
    update: async (of, object, how) => (guard(), client.update(of, object, how)),
  };
  const election = new LeaderElection(
    { client: cuttable, clock: systemClock, random: systemRandom, log: silentLogger },
    {
      lease: key,
      identity: name,
      leaseMs: 3000,
      renewMsMax: 2000,
      retryMs: 20,
      lead: stage.lead(name),
      ...options,
    },
  );
  t.after(() => election.stop({ graceMs: 1000 }));
  return Object.assign(made, { election });
}

test('one of several leads, and the next takes over at once when it stops', async (t) => {
  const client = clientOf(t, await apiServerFor(t));
  const stage = new Stage();
  const all = ['a', 'b', 'c'].map((name) => candidate(t, client, stage, name));
  for (const { election } of all) election.start();
  await until(() => stage.now.size === 1, 'a leader');
  const first = all.find(({ election }) => election.leading);
  assert.ok(first);
  const before = await client.get<Lease>(leaseKind, key);
  assert.equal(before.spec?.holderIdentity, stage.log[0]);
  assert.equal(before.spec?.leaseTransitions, 0);
  await until(
    async () =>
      (await client.get<Lease>(leaseKind, key)).spec?.renewTime !== before.spec?.renewTime,
    'a renewal',
  );
  await first.election.stop({ graceMs: 1000 });
  assert.equal(first.election.leading, false);
  await until(() => stage.now.size === 1, 'the next leader', 2500);
  assert.notEqual(stage.log[1], stage.log[0]);
  assert.equal((await client.get<Lease>(leaseKind, key)).spec?.leaseTransitions, 1);
  assert.equal(stage.peak, 1);
});

test('a leader that is cut off stops before another one begins', async (t) => {
  const client = clientOf(t, await apiServerFor(t));
  const stage = new Stage();
  const a = candidate(t, client, stage, 'a', { leaseMs: 1500, renewMsMax: 500 });
  a.election.start();
  await until(() => a.election.leading, 'a to lead');
  const b = candidate(t, client, stage, 'b', { leaseMs: 1500, renewMsMax: 500 });
  b.election.start();
  await until(() => b.election.holder === 'a', 'b to see a');
  a.cutOff = true;
  await until(() => !a.election.leading, 'a to give up');
  assert.equal(b.election.leading, false);
  await until(() => b.election.leading, 'b to lead');
  assert.deepEqual(stage.log, ['a', 'b']);
  assert.equal(stage.peak, 1);
});

test('a lease that somebody else took is lost, and is not given back', async (t) => {
  const client = clientOf(t, await apiServerFor(t));
  const stage = new Stage();
  const a = candidate(t, client, stage, 'a');
  a.election.start();
  await until(() => a.election.leading, 'a to lead');
  await client.patch(leaseKind, key, { spec: { holderIdentity: 'thief' } });
  await until(() => !a.election.leading, 'a to notice');
  assert.equal(a.election.holder, 'thief');
  assert.equal((await client.get<Lease>(leaseKind, key)).spec?.holderIdentity, 'thief');
});

test('a change of the lease by a bystander does not end leadership', async (t) => {
  const client = clientOf(t, await apiServerFor(t));
  const stage = new Stage();
  const a = candidate(t, client, stage, 'a');
  a.election.start();
  await until(() => a.election.leading, 'a to lead');
  await client.patch(leaseKind, key, { metadata: { labels: { by: 'stander' } } });
  const { spec } = await client.get<Lease>(leaseKind, key);
  await until(
    async () => (await client.get<Lease>(leaseKind, key)).spec?.renewTime !== spec?.renewTime,
    'the next renewal',
  );
  assert.equal(a.election.leading, true);
  assert.deepEqual(stage.log, ['a']);
});

test('it never leads twice at a time, also when its work is slow to end', async (t) => {
  const client = clientOf(t, await apiServerFor(t));
  const { promise: slow, resolve: letGo } = Promise.withResolvers<void>();
  let running = 0;
  let begun = 0;
  const stage = new Stage();
  const a = candidate(t, client, stage, 'a', {
    lead: async () => {
      running++;
      begun++;
      assert.equal(running, 1);
      await slow;
      running--;
    },
  });
  a.election.start();
  await until(() => a.election.leading, 'a to lead');
  await client.delete(leaseKind, key);
  await until(() => !a.election.leading, 'a to notice');
  assert.equal(await client.find(leaseKind, key), undefined);
  letGo();
  await until(() => begun > 1, 'a to lead again');
});

test('after a restart under the same name it need not wait for its own lease', async (t) => {
  const client = clientOf(t, await apiServerFor(t));
  const stage = new Stage();
  const now = new Date().toISOString().replace('Z', '000Z');
  await client.create<Lease>(leaseKind, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: key,
    spec: { holderIdentity: 'a', leaseDurationSeconds: 3600, renewTime: now },
  });
  const a = candidate(t, client, stage, 'a');
  a.election.start();
  await until(() => a.election.leading, 'a to lead');
});

test('periods that could let two lead are refused', (t) => {
  const client = {} as KubeClient;
  const stage = new Stage();
  assert.throws(() => candidate(t, client, stage, 'a', { renewMsMax: 3000 }), RangeError);
  assert.throws(() => candidate(t, client, stage, 'a', { retryMs: 2000 }), RangeError);
  assert.throws(() => candidate(t, client, stage, 'a', { retryMs: 0 }), RangeError);
});
