import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, configRouterOptions, parseConfig, type Router } from '#router/index.ts';
import { Treatment } from '#routing/index.ts';
import { messageRoute } from '../../src/router/message.ts';
import { makeCluster } from '../support/router-cluster.ts';
import { until } from '../support/until.ts';

/** Counts what a new consumer of `address` gets. */
function consume(router: Router, address: string, hint?: Treatment): { count: number } {
  const seen = { count: 0 };
  const onMessage = (_message: unknown, onOutcome?: (outcome: Outcome) => void): void => {
    seen.count++;
    onOutcome?.('accepted');
  };
  router.addMessageConsumer(address, { message: { onMessage } }, hint);
  return seen;
}

function send(router: Router, to: string): Outcome | undefined {
  let told: Outcome | undefined;
  router.dispatch(
    { route: messageRoute(to), bytes: new Uint8Array(), priority: 4, control: false },
    (outcome) => {
      told = outcome;
    },
  );
  return told;
}

function configured(defaultDistribution: string | undefined): Treatment | undefined {
  const router = { id: 'A', mode: 'interior', defaultDistribution };
  return configRouterOptions(parseConfig(JSON.stringify([['router', router]]), {}))
    .defaultTreatment;
}

test('defaultDistribution of the configuration file is balanced unless given', () => {
  assert.equal(configured(undefined), Treatment.balanced);
  assert.equal(configured('multicast'), Treatment.multicast);
  assert.equal(configured('closest'), Treatment.closest);
  assert.equal(configured('unavailable'), Treatment.unavailable);
  assert.throws(() => configured('everywhere'), /defaultDistribution/u);
});

test('a default of multicast copies to all consumers, prefixes and hints go before it', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A', { defaultTreatment: Treatment.multicast });
  await a.create('router.config.address', 'one', { prefix: 'one', distribution: 'balanced' });
  for (const [address, hint, expected] of [
    ['any', undefined, 2],
    ['one/x', undefined, 1],
    ['hinted', Treatment.closest, 1],
  ] as const) {
    const first = consume(a.router, address, hint);
    const second = consume(a.router, address, hint);
    assert.equal(send(a.router, address), 'accepted');
    assert.equal(first.count + second.count, expected, address);
  }
});

test('a default of unavailable refuses all that no prefix allows', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A', { defaultTreatment: Treatment.unavailable });
  const b = await cluster.add('B');
  await a.create('router.config.address', 'yes', { prefix: 'yes', distribution: 'closest' });
  const heard: string[] = [];
  for (const address of ['yes', 'no']) {
    consume(a.router, address);
    a.router.addProducer(address, () => heard.push(address));
  }
  assert.deepEqual(heard, ['yes']);
  assert.equal(send(a.router, 'yes'), 'accepted');
  assert.equal(send(a.router, 'no'), 'released');
  await cluster.link(a, b);
  await cluster.converged();
  await until(() => b.router.driver.engine.remoteCount('Myes') === 1, 'B hears of the other one');
  assert.equal(b.router.driver.engine.remoteCount('Mno'), 0);
});

test('an address that another router told about is treated as that one says', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A', { defaultTreatment: Treatment.closest });
  const b = await cluster.add('B');
  await cluster.link(a, b);
  await cluster.converged();
  consume(b.router, 'told', Treatment.multicast);
  await until(() => a.router.driver.engine.remoteCount('Mtold') === 1, 'A hears of it');
  a.router.addProducer('told', () => undefined);
  a.router.addProducer('untold', () => undefined);
  assert.equal(a.router.addresses.mobile('Mtold')?.treatment, Treatment.multicast);
  assert.equal(a.router.addresses.mobile('Muntold')?.treatment, Treatment.closest);
});
