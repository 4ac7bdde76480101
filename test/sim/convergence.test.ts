/** Networks of routers in simulated time. A failing run names its seed in the title. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Treatment } from '#routing/index.ts';
import { convergeMs, firstDifference } from './expectation.ts';
import { Network } from './network.ts';

const limitMs = 2000;

function mustConverge(network: Network, what: string, withinMs = limitMs): void {
  const tookMs = convergeMs(network, 30_000);
  assert.ok(tookMs <= withinMs, `${what}: ${tookMs} ms; ${firstDifference(network) ?? 'at last'}`);
}

/** A random connected graph: a tree and some more edges. */
function randomNetwork(network: Network, size: number, moreEdges: number): void {
  const ids = Array.from({ length: size }, (_, index) => `r${index}`);
  for (const id of ids) network.addRouter(id);
  const taken = new Set<string>();
  const connect = (a: number, b: number) => {
    const pair = `${Math.min(a, b)} ${Math.max(a, b)}`;
    if (a === b || taken.has(pair)) return;
    taken.add(pair);
    network.connect(ids[a]!, ids[b]!, 1 + network.random.below(3));
  };
  for (let index = 1; index < size; index++) connect(index, network.random.below(index));
  for (let index = 0; index < moreEdges; index++) {
    connect(network.random.below(size), network.random.below(size));
  }
  ids.forEach((id, index) => {
    network.offer(id, `Mown-${index}`);
    network.offer(id, `Mshared-${index % 5}`, Treatment.closest);
  });
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  const size = 3 + ((seed * 7) % 18);
  test(`${size} routers, every message through the codec, follow cuts and restarts (seed ${seed})`, () => {
    const network = new Network({ seed, codec: true });
    randomNetwork(network, size, size);
    mustConverge(network, 'start');
    for (let round = 0; round < 8; round++) {
      const connections = [...network.connections.keys()];
      const connection = connections[network.random.below(connections.length)]!;
      const router = `r${network.random.below(size)}`;
      if (round % 4 === 0) network.cut(connection);
      else if (round % 4 === 1) network.restart(router);
      else if (round % 4 === 2) network.offer(router, `Mnew-${round}`);
      else for (const id of connections) network.raise(id);
      mustConverge(network, `round ${round}`);
      network.run(network.random.below(3000));
    }
  });
}

test('two halves that changed apart agree after they meet again', () => {
  const network = new Network({ seed: 11 });
  randomNetwork(network, 12, 4);
  network.addRouter('bridge');
  network.connect('bridge', 'r0');
  network.addRouter('far');
  const link = network.connect('bridge', 'far');
  network.addRouter('farther');
  const old = network.connect('far', 'farther');
  mustConverge(network, 'start');
  network.cut(link);
  mustConverge(network, 'cut');
  network.run(5000);
  network.cut(old);
  network.offer('far', 'Mlate');
  network.withdraw('r1', 'Mown-1');
  network.run(5000);
  network.raise(link);
  mustConverge(network, 'met again');
});

test('a router that falls silent is lost after three seconds without a close', () => {
  const network = new Network({ seed: 12 });
  for (const id of ['a', 'b']) network.addRouter(id);
  const id = network.connect('a', 'b');
  mustConverge(network, 'start');
  network.connections.get(id)!.up = false;
  network.run(2500);
  assert.equal(network.engine('a').costTo('b'), 1);
  network.run(1600);
  assert.equal(network.engine('a').costTo('b'), undefined);
});

test('five percent of messages lost delays but does not prevent agreement', () => {
  const network = new Network({ seed: 13, loss: 0.05 });
  randomNetwork(network, 20, 20);
  mustConverge(network, 'start', 10_000);
  network.restart('r3');
  mustConverge(network, 'restart', 10_000);
});

test('200 routers in a random mesh agree within two seconds of the last change', () => {
  const network = new Network({ seed: 21 });
  randomNetwork(network, 200, 200);
  mustConverge(network, 'start');
  network.run(1000);
  network.restart('r0');
  mustConverge(network, 'restart of a well connected router');
  network.cut(7);
  mustConverge(network, 'cut');
});

test('200 sites around one hub agree within two seconds after the hub restarts', () => {
  const network = new Network({ seed: 22 });
  network.addRouter('hub');
  for (let index = 0; index < 199; index++) {
    network.addRouter(`s${index}`);
    network.connect(`s${index}`, 'hub');
    network.offer(`s${index}`, `Msvc-${index}`);
  }
  mustConverge(network, 'start');
  network.run(1000);
  network.restart('hub');
  mustConverge(network, 'restart');
});
