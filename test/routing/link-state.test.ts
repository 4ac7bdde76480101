import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoutingBench } from '../support/routing-bench.ts';

test('an RA with newer numbers is asked about, one with known numbers is not', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.pass(1000);
  bench.sent.length = 0;
  bench.receive(1, { opcode: 'RA', id: 'B', instance: 1, lsSeq: 1, mobileSeq: 0 });
  assert.deepEqual([bench.take('LSR'), bench.take('MAR')], [[], []]);
  bench.receive(1, { opcode: 'RA', id: 'B', instance: 1, lsSeq: 2, mobileSeq: 3 });
  assert.equal(bench.take('LSR').length, 1);
  assert.equal(bench.take('MAR')[0]?.body.haveSeq, 0);
});

test('an unanswered question is asked again, ever more slowly', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.pass(1000);
  bench.sent.length = 0;
  const keep = setUpKeepAlive(bench);
  bench.receive(1, { opcode: 'RA', id: 'B', instance: 1, lsSeq: 9, mobileSeq: 0 });
  keep(10_000);
  const asked = bench.take('LSR').length;
  assert.ok(asked >= 5 && asked <= 12, `asked ${asked} times`);
});

/** HELLOs of B while time passes. */
function setUpKeepAlive(bench: RoutingBench): (ms: number) => void {
  return (ms) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 500) {
      bench.receive(1, { opcode: 'HELLO', id: 'B', instance: 1, seen: ['A'] });
      bench.pass(500);
    }
  };
}

test('an LSR is answered with our neighbours', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.receive(1, { opcode: 'LSR', id: 'B' });
  const [lsu] = bench.take('LSU');
  assert.deepEqual(lsu?.body.peers, new Map([['B', 1]]));
  assert.equal(lsu?.message.to, 'amqp:/_topo/0/B/qdrouter');
  assert.deepEqual(lsu?.connections, [1]);
});

test('an older LSU changes nothing', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.linkState(1, 'B', 3, { A: 1, C: 1 });
  bench.pass(20);
  assert.equal(bench.engine.costTo('C'), 2);
  bench.linkState(1, 'B', 2, { A: 1 });
  bench.pass(20);
  assert.equal(bench.engine.costTo('C'), 2);
});

test('routers beyond a neighbour are found, asked, and lost with it', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B', { A: 1, C: 4 });
  assert.equal(bench.engine.costTo('C'), 5);
  assert.deepEqual(
    bench.take('LSR').map(({ message, connections }) => [message.to, connections]),
    [
      ['amqp:/_topo/0/B/qdrouter', [1]],
      ['amqp:/_topo/0/C/qdrouter', [1]],
    ],
  );
  const view = bench.engine.routers().find(({ id }) => id === 'C');
  assert.equal(view?.nextHop, 'B');
  bench.engine.onConnectionClosed(1);
  assert.equal(bench.engine.costTo('C'), undefined);
  assert.equal(bench.events.filter(({ type }) => type === 'routerUnreachable').length, 2);
});

test('a restarted router starts from nothing, and its old messages are not believed', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B', { A: 1, C: 1 });
  bench.receive(1, { opcode: 'HELLO', id: 'B', instance: 2, seen: ['A'] });
  bench.pass(20);
  assert.equal(bench.engine.costTo('C'), undefined);
  assert.ok(bench.take('LSR').length > 0);
  bench.linkState(1, 'B', 7, { A: 1, C: 1 }, 1);
  bench.pass(20);
  assert.equal(bench.engine.costTo('C'), undefined);
  bench.linkState(1, 'B', 1, { A: 1, D: 1 }, 2);
  bench.pass(20);
  assert.equal(bench.engine.costTo('D'), 2);
});

test('an RA is repeated every four seconds in flux and every thirty later', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  const keep = setUpKeepAlive(bench);
  keep(12_000);
  bench.sent.length = 0;
  keep(31_000);
  assert.equal(bench.take('RA').length, 1);
});

test('a link state that nobody confirms for a minute is dropped', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B', { A: 1, C: 1 });
  setUpKeepAlive(bench)(63_000);
  assert.equal(bench.engine.costTo('B'), 1);
  assert.equal(bench.engine.costTo('C'), undefined);
});

test('a copy of an RA is sent on once, to neighbours that it has not passed', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B', { A: 1, C: 1, D: 1 });
  bench.neighbour(2, 'C', { A: 1, B: 1, D: 1 });
  bench.neighbour(3, 'E', { A: 1 });
  const ra = { opcode: 'RA', id: 'D', instance: 1, lsSeq: 5, mobileSeq: 0 } as const;
  assert.deepEqual(bench.engine.onMessage(1, ra, ['D', 'B']), [2, 3]);
  assert.deepEqual(bench.engine.onMessage(2, ra, ['D', 'C']), []);
  bench.pass(600);
  assert.deepEqual(bench.engine.onMessage(1, ra, ['D', 'B', 'E']), [2]);
});

test('more routers than the limit are left out, and said so once', () => {
  const bench = new RoutingBench({ routersMax: 4 });
  bench.neighbour(1, 'B', { A: 1, C: 1, D: 1, E: 1, F: 1 });
  assert.equal(bench.engine.routers().length, 4);
  assert.equal(bench.events.filter(({ type }) => type === 'limitReached').length, 1);
});

test('a router that nobody names any more is forgotten', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B', { A: 1, C: 1 });
  const keep = setUpKeepAlive(bench);
  bench.linkState(1, 'B', 2, { A: 1 });
  keep(6000);
  assert.deepEqual(
    bench.engine.routers().map(({ id }) => id),
    ['A', 'B'],
  );
});
