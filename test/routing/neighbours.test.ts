import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hello } from '#routing/index.ts';
import { RoutingBench } from '../support/routing-bench.ts';

const hello = (id: string, seen: readonly string[], instance = 1): Hello => ({
  opcode: 'HELLO',
  id,
  instance,
  seen,
});
const neighbours = (bench: RoutingBench): string[] =>
  bench.events.filter(({ type }) => type.startsWith('neighbour')).map(({ type }) => type);

test('a HELLO goes out at once when a connection opens, then every second', () => {
  const bench = new RoutingBench();
  bench.engine.onConnectionOpened(1, 1);
  assert.deepEqual(
    bench.take('HELLO').map(({ body, connections }) => [body.seen, connections]),
    [[[], [1]]],
  );
  bench.pass(3000);
  assert.equal(bench.take('HELLO').length, 3);
});

test('a HELLO that does not list us is answered at once and makes no neighbour', () => {
  const bench = new RoutingBench();
  bench.engine.onConnectionOpened(1, 1);
  bench.take('HELLO');
  bench.receive(1, hello('B', []));
  bench.pass(50);
  assert.deepEqual(
    bench.take('HELLO').map(({ body }) => body.seen),
    [['B']],
  );
  assert.deepEqual(neighbours(bench), []);
});

test('many HELLOs of a peer do not provoke many of ours', () => {
  const bench = new RoutingBench();
  bench.engine.onConnectionOpened(1, 1);
  for (let count = 0; count < 200; count++) {
    bench.receive(1, hello(count % 2 === 0 ? 'B' : 'C', []));
    bench.pass(1);
  }
  assert.ok(bench.take('HELLO').length <= 6);
});

test('a HELLO that lists us makes a neighbour: link state, RA and LSR follow', () => {
  const bench = new RoutingBench();
  bench.engine.onConnectionOpened(1, 3);
  bench.receive(1, hello('B', ['A']));
  assert.deepEqual(neighbours(bench), ['neighbourUp']);
  assert.equal(bench.engine.costTo('B'), 3);
  assert.equal(bench.engine.connectionTo('B'), 1);
  const [ra] = bench.take('RA');
  assert.equal(ra?.body.lsSeq, 1);
  assert.equal(ra?.message.to, 'amqp:/_topo/0/all/qdrouter');
  assert.equal(bench.take('LSR')[0]?.message.to, 'amqp:/_topo/0/B/qdrouter');
});

test('our own id from elsewhere is told once and otherwise ignored', () => {
  const bench = new RoutingBench();
  bench.engine.onConnectionOpened(1, 1);
  bench.receive(1, hello('A', ['A']));
  bench.receive(1, hello('A', ['A']));
  assert.deepEqual(bench.events, [{ type: 'duplicateId', connection: 1 }]);
});

test('a silent neighbour is lost after three seconds, a closed connection at once', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.pass(2900);
  assert.equal(bench.engine.costTo('B'), 1);
  bench.pass(200);
  assert.equal(bench.engine.costTo('B'), undefined);
  bench.receive(1, hello('B', ['A']));
  assert.equal(bench.engine.costTo('B'), 1);
  bench.engine.onConnectionClosed(1);
  assert.equal(bench.engine.costTo('B'), undefined);
  assert.deepEqual(neighbours(bench), [
    'neighbourUp',
    'neighbourDown',
    'neighbourUp',
    'neighbourDown',
  ]);
});

test('a neighbour that stops listing us is lost although it is heard', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  for (let second = 0; second < 4; second++) {
    bench.pass(1000);
    bench.receive(1, hello('B', []));
  }
  assert.equal(bench.engine.costTo('B'), undefined);
});

test('of two connections to one router one is used, steadily, and the spare lists nobody', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.engine.onConnectionOpened(2, 1);
  bench.pass(1000);
  bench.take('HELLO');
  const before = bench.engine.routers()[0];
  for (let round = 0; round < 20; round++) {
    bench.receive(1, hello('B', ['A']));
    bench.receive(2, hello('B', ['A']));
    bench.pass(500);
  }
  assert.equal(bench.engine.connectionTo('B'), 1);
  assert.deepEqual(bench.engine.routers()[0], before);
  assert.equal(bench.events.filter(({ type }) => type === 'duplicateConnection').length, 1);
  const seenOn = (id: number): unknown[] =>
    bench
      .take('HELLO')
      .filter(({ connections }) => connections[0] === id)
      .map(({ body }) => body.seen);
  assert.ok(seenOn(2).every((seen) => Array.isArray(seen) && seen.length === 0));
});

test('the spare connection takes over when the used one closes', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.engine.onConnectionOpened(2, 1);
  bench.receive(2, hello('B', ['A']));
  bench.engine.onConnectionClosed(1);
  assert.equal(bench.engine.connectionTo('B'), 2);
  assert.ok(!neighbours(bench).includes('neighbourDown'));
});

test('the router with the higher id follows the choice of the lower', () => {
  const bench = new RoutingBench({ id: 'Z' });
  bench.engine.onConnectionOpened(1, 1);
  bench.engine.onConnectionOpened(2, 1);
  bench.receive(1, hello('B', ['Z']));
  bench.receive(2, hello('B', ['Z']));
  assert.equal(bench.engine.connectionTo('B'), 1);
  bench.receive(1, hello('B', []));
  bench.receive(2, hello('B', ['Z']));
  assert.equal(bench.engine.connectionTo('B'), 2);
});

test('a replaced connection keeps the neighbour without a change of topology', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.take('RA');
  bench.events.length = 0;
  bench.engine.onConnectionReplaced(1, 2, 1);
  assert.equal(bench.engine.connectionTo('B'), 2);
  bench.engine.onConnectionClosed(1);
  assert.equal(bench.engine.connectionTo('B'), 2);
  assert.deepEqual(bench.take('RA'), []);
  assert.deepEqual(
    bench.events.map(({ type }) => type),
    ['neighbourUp'],
  );
});

test('a router that takes the place of another on a connection replaces it', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.receive(1, hello('C', ['A']));
  assert.equal(bench.engine.costTo('B'), undefined);
  assert.equal(bench.engine.costTo('C'), 1);
});
