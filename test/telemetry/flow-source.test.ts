import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FlowMessage,
  type FlowRecord,
  flowRecord,
  FlowRecordType,
  FlowSource,
} from '#telemetry/index.ts';

class SourceBench {
  nowMs = 0;
  readonly sent: FlowMessage[] = [];
  readonly source: FlowSource;

  constructor(sourceType: 'ROUTER' | 'CONTROLLER' = 'ROUTER') {
    this.source = new FlowSource(
      {
        clock: { nowMs: () => 1_000_000 + this.nowMs, monotonicMs: () => this.nowMs },
        sink: { send: (message) => this.sent.push(message) },
      },
      { id: 'abcde:0', sourceType },
    );
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.source.nextDeadlineMs() <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.source.nextDeadlineMs());
      this.source.tick();
    }
    this.nowMs = untilMs;
  }

  /** Records sent since the last call, as plain objects, with where they went. */
  takeRecords(): { to: string; identity: string; attributes: Record<string, unknown> }[] {
    const taken = this.sent.flatMap((message) =>
      message.subject === 'RECORD'
        ? message.records.map(({ identity, attributes }) => ({
            to: message.to,
            identity,
            attributes: Object.fromEntries(attributes),
          }))
        : [],
    );
    this.sent.length = 0;
    return taken;
  }
}

const link = (named: Parameters<typeof flowRecord>[2]): FlowRecord =>
  flowRecord(FlowRecordType.link, 'abcde:1', named);

test('nothing is sent while nobody listens', () => {
  const bench = new SourceBench();
  bench.source.set(link({ name: 'l1' }));
  bench.pass(60_000);
  assert.deepEqual(bench.sent, []);
});

test('beacons start with their first listener and come every ten seconds', () => {
  const bench = new SourceBench();
  bench.source.onConsumers('mc/sfe.all', true);
  assert.deepEqual(bench.sent, [
    {
      subject: 'BEACON',
      to: 'mc/sfe.all',
      sourceType: 'ROUTER',
      id: 'abcde:0',
      address: 'mc/sfe.abcde:0',
      direct: 'sfe.abcde:0',
    },
  ]);
  bench.pass(30_000);
  assert.equal(bench.sent.length, 4);
  bench.source.onConsumers('mc/sfe.all', false);
  bench.pass(30_000);
  assert.equal(bench.sent.length, 4);
});

test('a further listener hears a beacon at once, many in a row one every 250 ms', () => {
  const bench = new SourceBench();
  bench.source.onBeaconConsumer();
  assert.equal(bench.sent.length, 0, 'nobody listens');
  bench.source.onConsumers('mc/sfe.all', true);
  bench.pass(4000);
  assert.equal(bench.sent.length, 1);
  bench.source.onBeaconConsumer();
  assert.equal(bench.sent.length, 2);
  for (let index = 0; index < 50; index++) {
    bench.source.onBeaconConsumer();
    bench.pass(10);
  }
  assert.equal(bench.sent.length, 4, 'at 4000, 4250 and 4500 ms');
  bench.pass(9000);
  assert.ok(bench.sent.length <= 5);
  const before = bench.sent.length;
  bench.pass(10_000);
  assert.equal(bench.sent.length, before + 1, 'then every ten seconds again');
});

test('listeners that come and go quickly do not multiply beacons', () => {
  const bench = new SourceBench();
  for (let index = 0; index < 20; index++) {
    bench.source.onConsumers('mc/sfe.all', true);
    bench.source.onConsumers('mc/sfe.all', false);
  }
  bench.source.onConsumers('mc/sfe.all', true);
  assert.equal(bench.sent.length, 1);
  bench.pass(250);
  assert.equal(bench.sent.length, 2);
});

test('a new listener gets every record in full and heartbeats every two seconds', () => {
  const bench = new SourceBench();
  bench.source.set(link({ name: 'l1', operStatus: 'down' }));
  bench.pass(1000);
  bench.source.onConsumers('mc/sfe.abcde:0', true);
  assert.deepEqual(bench.takeRecords(), [
    {
      to: 'mc/sfe.abcde:0',
      identity: 'abcde:1',
      attributes: { 3: 1_000_000_000, 30: 'l1', 53: 'down' },
    },
  ]);
  bench.pass(4000);
  const beats = bench.sent.filter(({ subject }) => subject === 'HEARTBEAT');
  assert.equal(beats.length, 2);
});

test('later only what changed is told, gathered for 200 ms', () => {
  const bench = new SourceBench();
  bench.source.set(link({ name: 'l1', operStatus: 'down', octetsIn: 0 }));
  bench.source.onConsumers('mc/sfe.abcde:0', true);
  bench.takeRecords();
  bench.source.set(link({ name: 'l1', operStatus: 'up' }));
  bench.source.set(link({ octetsIn: 5 }));
  bench.pass(199);
  assert.deepEqual(bench.takeRecords(), []);
  bench.pass(1);
  assert.deepEqual(bench.takeRecords(), [
    { to: 'mc/sfe.abcde:0', identity: 'abcde:1', attributes: { 53: 'up', 58: 5 } },
  ]);
  bench.source.set(link({ operStatus: 'up' }));
  bench.pass(1000);
  assert.deepEqual(bench.takeRecords(), []);
});

test('FLUSH makes it tell everything again', () => {
  const bench = new SourceBench();
  bench.source.set(link({ name: 'l1' }));
  bench.source.onConsumers('mc/sfe.abcde:0', true);
  bench.takeRecords();
  bench.source.onMessage({ subject: 'FLUSH', to: 'sfe.abcde:0' });
  assert.equal(bench.takeRecords()[0]?.attributes['30'], 'l1');
});

test('an ended record is told with its end time and never again', () => {
  const bench = new SourceBench();
  bench.source.set(link({ name: 'l1' }));
  bench.source.onConsumers('mc/sfe.abcde:0', true);
  bench.takeRecords();
  bench.pass(1000);
  bench.source.end('abcde:1');
  bench.pass(200);
  assert.deepEqual(bench.takeRecords()[0]?.attributes, { 4: 1_001_000_000 });
  bench.source.onMessage({ subject: 'FLUSH', to: 'sfe.abcde:0' });
  assert.deepEqual(bench.takeRecords(), []);
});

test('connections go to the address of flows, once', () => {
  const bench = new SourceBench();
  bench.source.onConsumers('mc/sfe.abcde:0.flows', true);
  bench.source.set(flowRecord(FlowRecordType.tcpFlow, 'abcde:9', { octetsIn: 7 }));
  bench.source.end('abcde:9');
  bench.pass(200);
  const [flow] = bench.takeRecords();
  assert.equal(flow?.to, 'mc/sfe.abcde:0.flows');
  bench.source.onMessage({ subject: 'FLUSH', to: 'sfe.abcde:0' });
  assert.deepEqual(bench.takeRecords(), []);
});

test('at most fifty records go into a message', () => {
  const bench = new SourceBench();
  for (let index = 1; index <= 120; index++) {
    bench.source.set(flowRecord(FlowRecordType.listener, `abcde:${index}`, { name: `${index}` }));
  }
  bench.source.onConsumers('mc/sfe.abcde:0', true);
  const sizes = bench.sent.map((message) =>
    message.subject === 'RECORD' ? message.records.length : 0,
  );
  assert.deepEqual(
    sizes.filter((size) => size > 0),
    [50, 50, 20],
  );
});

test('a controller beats on an address of its own', () => {
  const bench = new SourceBench('CONTROLLER');
  assert.ok(bench.source.watched.includes('mc/sfe.abcde:0.heartbeats'));
  bench.source.onConsumers('mc/sfe.abcde:0.heartbeats', true);
  assert.equal(bench.sent[0]?.to, 'mc/sfe.abcde:0.heartbeats');
});
