import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage } from '#amqp/index.ts';
import { silentLogger } from '#base/log.ts';
import { FlowIdentities, FlowReporter, type Router, type WholeMessage } from '#router/index.ts';
import { Treatment } from '#routing/index.ts';
import { beaconAddress, decodeFlowMessage } from '#telemetry/index.ts';
import { makeCluster } from '../support/router-cluster.ts';
import { until } from '../support/until.ts';

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

/** Tells flow records of a router. @returns the id of its source */
function report(router: Router): string {
  const identities = new FlowIdentities(random);
  const reporter = new FlowReporter(
    { router, clock, log: silentLogger, subjects: () => [] },
    identities,
    { siteId: 's', namespace: undefined, hostName: undefined },
  );
  router.onStop(() => reporter.stop());
  reporter.start();
  return identities.source;
}

/** A consumer of beacons at a router. @returns the ids of the sources it heard */
function listen(router: Router): Set<string> {
  const heard = new Set<string>();
  const onMessage = ({ bytes }: WholeMessage): void => {
    const flow = decodeFlowMessage(decodeMessage(bytes), beaconAddress);
    if (flow?.subject === 'BEACON') heard.add(flow.id);
  };
  router.addMessageConsumer(beaconAddress, { message: { onMessage } }, Treatment.multicast);
  return heard;
}

test('a further listener, here or at another router, need not wait ten seconds', async (t) => {
  const startMs = performance.now();
  const cluster = await makeCluster(t);
  const [a, b] = [await cluster.add('A'), await cluster.add('B')];
  for (const each of [a, b]) {
    const multicast = { prefix: 'mc', distribution: 'multicast' };
    await each.create('router.config.address', 'mc', multicast);
  }
  const source = report(a.router);
  const first = listen(a.router);
  await until(() => first.has(source), 'the first listener hears the source');
  const second = listen(a.router);
  await until(() => second.has(source), 'the second listener hears the source');
  await cluster.link(a, b);
  await cluster.converged();
  const remote = listen(b.router);
  await until(() => remote.has(source), 'the listener at the other router hears the source');
  assert.ok(performance.now() - startMs < 9000, 'before a regular beacon was due');
});
