import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressDescriptor, Treatment } from '#routing/index.ts';
import { RoutingBench } from '../support/routing-bench.ts';

const { balanced, closest, multicast } = Treatment;
const descriptor = (key: string, treatment: Treatment = balanced): AddressDescriptor => ({
  key,
  treatment,
  producers: 0,
  meshId: undefined,
});

function benchWithNeighbour(): RoutingBench {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B');
  bench.pass(500);
  bench.sent.length = 0;
  bench.events.length = 0;
  return bench;
}

test('a change of ours goes out as one update, before the RA that counts it', () => {
  const bench = benchWithNeighbour();
  bench.engine.setLocalAddress('Mone', { treatment: balanced });
  bench.engine.setLocalAddress('Mtwo', { treatment: closest });
  bench.pass(60);
  const opcodes = bench.sent.map(({ message }) => message.body.opcode);
  assert.deepEqual(
    opcodes.filter((opcode) => opcode !== 'HELLO'),
    ['MAU', 'RA'],
  );
  assert.equal(bench.take('RA')[0]?.body.mobileSeq, 1);
  const [mau] = bench.take('MAU');
  assert.equal(mau?.message.to, '_topo/0/all/qdrouter.ma');
  assert.equal(mau?.body.mobileSeq, 1);
  assert.ok(mau?.body.change.kind === 'differential');
  assert.deepEqual(
    mau.body.change.add.map(({ key }) => key),
    ['Mone', 'Mtwo'],
  );
});

test('an address that came and went between updates is not mentioned', () => {
  const bench = benchWithNeighbour();
  bench.engine.setLocalAddress('Mone', { treatment: balanced });
  bench.engine.deleteLocalAddress('Mone');
  bench.pass(1000);
  assert.deepEqual(bench.take('MAU'), []);
});

test('updates in quick succession keep their distance', () => {
  const bench = benchWithNeighbour();
  for (let index = 0; index < 100; index++) {
    bench.engine.setLocalAddress(`M${index}`, { treatment: balanced });
    bench.pass(10);
  }
  const updates = bench.take('MAU').length;
  assert.ok(updates >= 3 && updates <= 5, `${updates} updates in a second`);
});

test('a MAR that is behind gets everything as last published, one that is not gets nothing', () => {
  const bench = benchWithNeighbour();
  bench.engine.setLocalAddress('Mone', { treatment: balanced });
  bench.pass(400);
  bench.engine.setLocalAddress('Mtwo', { treatment: balanced });
  bench.sent.length = 0;
  bench.receive(1, { opcode: 'MAR', id: 'B', haveSeq: 0 });
  const [mau] = bench.take('MAU');
  assert.deepEqual(mau?.body, {
    opcode: 'MAU',
    id: 'A',
    mobileSeq: 1,
    change: { kind: 'absolute', exist: [descriptor('Mone')] },
  });
  assert.equal(mau?.message.to, 'amqp:/_topo/0/B/qdrouter.ma');
  bench.receive(1, { opcode: 'MAR', id: 'B', haveSeq: 1 });
  assert.deepEqual(bench.take('MAU'), []);
});

test('addresses of others are known by absolute and differential updates in order', () => {
  const bench = benchWithNeighbour();
  bench.receive(1, {
    opcode: 'MAU',
    id: 'B',
    mobileSeq: 4,
    change: { kind: 'absolute', exist: [descriptor('Mone'), descriptor('Mtwo', multicast)] },
  });
  assert.deepEqual(
    bench.engine.remoteChoices('Mone').map(({ router }) => router),
    ['B'],
  );
  assert.equal(bench.engine.treatmentOf('Mtwo'), multicast);
  bench.receive(1, {
    opcode: 'MAU',
    id: 'B',
    mobileSeq: 5,
    change: { kind: 'differential', add: [descriptor('Mthree')], del: ['Mone'] },
  });
  assert.equal(bench.engine.remoteCount('Mone'), 0);
  assert.equal(bench.engine.remoteCount('Mthree'), 1);
  assert.deepEqual(
    bench.events.filter(({ type }) => type === 'remoteAddressChanged'),
    [
      { type: 'remoteAddressChanged', key: 'Mone', remotes: 1 },
      { type: 'remoteAddressChanged', key: 'Mtwo', remotes: 1 },
      { type: 'remoteAddressChanged', key: 'Mone', remotes: 0 },
      { type: 'remoteAddressChanged', key: 'Mthree', remotes: 1 },
    ],
  );
});

test('a difference to an unknown state is not applied but asked about, once', () => {
  const bench = benchWithNeighbour();
  const change = { kind: 'differential', add: [descriptor('Mone')], del: [] } as const;
  bench.receive(1, { opcode: 'MAU', id: 'B', mobileSeq: 3, change });
  bench.receive(1, { opcode: 'MAU', id: 'B', mobileSeq: 4, change });
  assert.equal(bench.engine.remoteCount('Mone'), 0);
  assert.deepEqual(
    bench.take('MAR').map(({ body }) => body.haveSeq),
    [0],
  );
});

test('an answer that was overtaken does not take newer addresses back', () => {
  const bench = benchWithNeighbour();
  const exist = [descriptor('Mone')];
  bench.receive(1, {
    opcode: 'MAU',
    id: 'B',
    mobileSeq: 2,
    change: { kind: 'absolute', exist: [...exist, descriptor('Mtwo')] },
  });
  bench.receive(1, {
    opcode: 'MAU',
    id: 'B',
    mobileSeq: 1,
    change: { kind: 'absolute', exist },
  });
  assert.equal(bench.engine.remoteCount('Mtwo'), 1);
});

test('an update of an unknown router is ignored', () => {
  const bench = benchWithNeighbour();
  bench.receive(1, {
    opcode: 'MAU',
    id: 'X',
    mobileSeq: 1,
    change: { kind: 'absolute', exist: [descriptor('Mone')] },
  });
  assert.equal(bench.engine.remoteCount('Mone'), 0);
});

test('addresses of a lost router are not chosen at once and forgotten a second later', () => {
  const bench = benchWithNeighbour();
  bench.receive(1, {
    opcode: 'MAU',
    id: 'B',
    mobileSeq: 1,
    change: { kind: 'absolute', exist: [descriptor('Mone')] },
  });
  bench.engine.onConnectionClosed(1);
  assert.deepEqual(bench.engine.remoteChoices('Mone'), []);
  bench.pass(900);
  assert.equal(bench.engine.remoteCount('Mone'), 1);
  bench.pass(400);
  assert.equal(bench.engine.remoteCount('Mone'), 0);
});

test('only classes that routers tell each other are taken, up to the limit', () => {
  const bench = new RoutingBench({ addressesPerRouterMax: 2 });
  bench.neighbour(1, 'B');
  const keys = ['Lsecret', 'Ttopo', 'Mone', 'Hedge', 'Mtwo'];
  bench.receive(1, {
    opcode: 'MAU',
    id: 'B',
    mobileSeq: 1,
    change: { kind: 'absolute', exist: keys.map((key) => descriptor(key)) },
  });
  assert.deepEqual(
    bench.engine.addresses().map(({ key }) => key),
    ['Hedge', 'Mone'],
  );
  assert.equal(bench.events.filter(({ type }) => type === 'limitReached').length, 1);
});

test('a multicast copy goes once per neighbour, and only onward', () => {
  const bench = new RoutingBench();
  bench.neighbour(1, 'B', { A: 1, D: 1 });
  bench.neighbour(2, 'C', { A: 1 });
  bench.linkState(1, 'D', 1, { B: 1 });
  bench.pass(20);
  for (const id of ['B', 'C', 'D']) {
    bench.receive(1, {
      opcode: 'MAU',
      id,
      mobileSeq: 1,
      change: { kind: 'absolute', exist: [descriptor('Mmc', multicast)] },
    });
  }
  bench.engine.setLocalAddress('Mmc', { treatment: multicast });
  assert.deepEqual(bench.engine.multicastTargets('Mmc', 'A', []), {
    local: true,
    connections: [1, 2],
  });
  assert.deepEqual(bench.engine.multicastTargets('Mmc', 'C', ['C']), {
    local: true,
    connections: [1],
  });
  assert.deepEqual(bench.engine.multicastTargets('Mmc', 'D', ['D', 'B']), {
    local: true,
    connections: [2],
  });
  assert.deepEqual(bench.engine.floodTargets(['C']), [1]);
});
