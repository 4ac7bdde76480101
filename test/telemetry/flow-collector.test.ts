import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countAddress,
  findLink,
  FlowCollector,
  type FlowMessage,
  type FlowRecord,
  flowRecord,
  FlowRecordType,
  networkStatus,
  networkView,
  type NetworkView,
  siteNetwork,
} from '#telemetry/index.ts';

class CollectorBench {
  nowMs = 0;
  changes = 0;
  readonly subscribed = new Set<string>();
  readonly sent: FlowMessage[] = [];
  readonly collector: FlowCollector;

  constructor(options: ConstructorParameters<typeof FlowCollector>[1] = {}) {
    this.collector = new FlowCollector(
      {
        clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
        sink: {
          subscribe: (address) => this.subscribed.add(address),
          unsubscribe: (address) => this.subscribed.delete(address),
          send: (message) => this.sent.push(message),
          onChange: () => this.changes++,
        },
      },
      options,
    );
    this.collector.begin();
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.collector.nextDeadlineMs() <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.collector.nextDeadlineMs());
      this.collector.tick();
    }
    this.nowMs = untilMs;
  }

  beacon(id: string, sourceType = 'ROUTER'): void {
    this.collector.onMessage({
      subject: 'BEACON',
      to: 'mc/sfe.all',
      sourceType,
      id,
      address: `mc/sfe.${id}`,
      direct: `sfe.${id}`,
    });
  }

  records(source: string, ...records: readonly FlowRecord[]): void {
    this.collector.onMessage({ subject: 'RECORD', to: `mc/sfe.${source}`, records });
  }

  get view(): NetworkView {
    return networkView(this.collector.records());
  }
}

const { site, router, link, routerAccess, listener, connector, process } = FlowRecordType;

/** West dials east; east offers a connector, west a listener. */
function twoSites(bench: CollectorBench): void {
  const platform = 'linux';
  for (const name of ['west', 'east']) {
    bench.beacon(`site-${name}`, 'CONTROLLER');
    bench.beacon(`${name}:0`);
    const attributes = { name, namespace: name, platform, buildVersion: '1' };
    bench.records(`site-${name}`, flowRecord(site, `site-${name}`, attributes));
    const parent = `site-${name}`;
    const own = { parent, startTime: 5, name: `0/${name}-1`, mode: 'interior' };
    bench.records(`${name}:0`, flowRecord(router, `${name}:0`, own));
  }
  const tcp = { protocol: 'tcp', destPort: '80', address: 'svc' };
  bench.records(
    'east:0',
    flowRecord(routerAccess, 'east:1', { parent: 'east:0', name: 'in', role: 'inter-router' }),
    flowRecord(process, 'pod-1', { parent: 'site-east', name: 'backend-7' }),
    flowRecord(connector, 'east:2', {
      ...tcp,
      parent: 'east:0',
      name: 'connector/svc@h',
      destHost: 'h',
      process: 'pod-1',
    }),
  );
  bench.records(
    'west:0',
    flowRecord(link, 'west:1', {
      parent: 'west:0',
      name: 'to-east',
      peer: 'east:1',
      operStatus: 'up',
      linkCost: 2,
      role: 'inter-router',
    }),
    flowRecord(listener, 'west:2', {
      ...tcp,
      parent: 'west:0',
      name: 'listener/svc',
      destHost: '127.0.0.1',
    }),
  );
}

test('a beacon leads to a subscription and a FLUSH, again until the source has answered', () => {
  const bench = new CollectorBench();
  assert.deepEqual([...bench.subscribed], ['mc/sfe.all']);
  bench.beacon('abcde:0');
  bench.beacon('abcde:0');
  assert.deepEqual([...bench.subscribed], ['mc/sfe.all', 'mc/sfe.abcde:0']);
  bench.pass(5000);
  const asked = bench.sent.length;
  assert.ok(asked >= 3 && asked <= 5, `${asked} times`);
  assert.deepEqual(bench.sent[0], { subject: 'FLUSH', to: 'sfe.abcde:0' });
  bench.records('abcde:0', flowRecord(router, 'abcde:0', { startTime: 1, name: '0/A' }));
  bench.pass(20_000);
  assert.equal(bench.sent.length, asked);
});

test('a controller is also heard on its heartbeat address', () => {
  const bench = new CollectorBench();
  bench.beacon('site-west', 'CONTROLLER');
  assert.ok(bench.subscribed.has('mc/sfe.site-west.heartbeats'));
});

test('a beacon cannot make us listen or write to other addresses', () => {
  const bench = new CollectorBench();
  for (const [address, direct] of [
    ['backend', 'sfe.x'],
    ['mc/sfe.x', 'backend'],
    ['mc/sfe.all2', '$management'],
  ] as const) {
    bench.collector.onMessage({
      subject: 'BEACON',
      to: 'mc/sfe.all',
      sourceType: 'ROUTER',
      id: 'x',
      address,
      direct,
    });
  }
  assert.deepEqual([...bench.subscribed], ['mc/sfe.all']);
});

test('a link names the remote site through the access point of its peer', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  const found = findLink(bench.view, 'site-west', 'to-east');
  assert.equal(found?.up, true);
  assert.equal(found?.remoteSiteId, 'site-east');
  assert.equal(found?.remoteSiteName, 'east');
  assert.deepEqual(countAddress(bench.view, 'svc'), { listeners: 1, connectors: 1 });
  assert.deepEqual(countAddress(bench.view, 'other'), { listeners: 0, connectors: 0 });
});

test('a link that goes down is told as a change, a counter is not', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  const before = bench.changes;
  bench.records('west:0', flowRecord(link, 'west:1', { octetsIn: 9 }));
  assert.equal(bench.changes, before);
  bench.records('west:0', flowRecord(link, 'west:1', { operStatus: 'down' }));
  assert.equal(bench.changes, before + 1);
  assert.equal(findLink(bench.view, 'site-west', 'to-east')?.up, false);
});

test('a link made anew replaces the one of its name, whose end was not heard', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  const anew = { parent: 'west:0', name: 'to-east', operStatus: 'up', peer: 'east:1', linkCost: 9 };
  bench.records('west:0', flowRecord(link, 'west:0-new', { ...anew, startTime: 8 }));
  assert.equal(findLink(bench.view, 'site-west', 'to-east')?.cost, 9);
  bench.records('west:0', flowRecord(link, 'west:0-new', { operStatus: 'down' }));
  assert.equal(findLink(bench.view, 'site-west', 'to-east')?.up, false);
  assert.equal(siteNetwork(bench.view)[1]?.links.length, 1);
});

test('the network appears in the shape of Site.status.network', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  assert.deepEqual(siteNetwork(bench.view), [
    {
      id: 'site-east',
      name: 'east',
      namespace: 'east',
      platform: 'linux',
      version: '1',
      links: [],
      services: [{ routingKey: 'svc', connectors: ['h'], listeners: [] }],
    },
    {
      id: 'site-west',
      name: 'west',
      namespace: 'west',
      platform: 'linux',
      version: '1',
      links: [
        {
          name: 'to-east',
          remoteSiteId: 'site-east',
          remoteSiteName: 'east',
          operational: true,
        },
      ],
      services: [{ routingKey: 'svc', connectors: [], listeners: ['listener/svc'] }],
    },
  ]);
});

test('two routers of a site count once, and links between them do not count', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  const before = siteNetwork(bench.view);
  const named = (name: string, more: object) => ({ parent: 'west2:0', name, ...more });
  bench.beacon('west2:0');
  bench.records(
    'west2:0',
    flowRecord(router, 'west2:0', { parent: 'site-west', name: '0/W-2' }),
    flowRecord(routerAccess, 'west2:1', named('in', {})),
    flowRecord(link, 'west2:2', named('to-east', { operStatus: 'down', role: 'inter-router' })),
    flowRecord(
      listener,
      'west2:3',
      named('listener/svc', { address: 'svc', destHost: '127.0.0.1', destPort: '80' }),
    ),
  );
  bench.records(
    'west:0',
    flowRecord(link, 'west:9', {
      parent: 'west:0',
      name: 'skupper-router',
      peer: 'west2:1',
      operStatus: 'up',
    }),
  );
  assert.deepEqual(siteNetwork(bench.view), before);
  bench.records('west:0', flowRecord(link, 'west:1', { operStatus: 'down' }));
  const operational = () => siteNetwork(bench.view)[1]?.links.map((each) => each.operational);
  assert.deepEqual(operational(), [false]);
  bench.records('west2:0', flowRecord(link, 'west2:2', { operStatus: 'up', peer: 'east:1' }));
  assert.deepEqual(operational(), [true], 'one that works is enough');
});

test('the network appears in the shape of skupper-network-status', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  const status = JSON.parse(JSON.stringify(networkStatus(bench.view)));
  assert.deepEqual(status.addresses, [
    { name: 'svc', protocol: 'tcp', listenerCount: 1, connectorCount: 1 },
  ]);
  const [east, west] = status.siteStatus;
  assert.equal(east.site.identity, 'site-east');
  assert.deepEqual(east.routerStatus[0].routerAccess, [{ identity: 'east:1' }]);
  assert.deepEqual(east.routerStatus[0].connectors, [
    { destHost: 'h', destPort: '80', address: 'svc', process: 'pod-1', target: 'backend-7' },
  ]);
  assert.deepEqual(west.routerStatus[0].links, [
    { name: 'to-east', linkCost: 2, status: 'up', role: 'inter-router', peer: 'east:1' },
  ]);
});

test('a source that falls silent is gone with its records', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  for (let second = 0; second < 31; second += 2) {
    bench.pass(2000);
    for (const id of ['site-west', 'west:0', 'site-east']) {
      bench.collector.onMessage({ subject: 'HEARTBEAT', to: '', id, now: 0 });
    }
  }
  assert.equal(countAddress(bench.view, 'svc').connectors, 0);
  assert.equal(findLink(bench.view, 'site-west', 'to-east')?.remoteSiteId, undefined);
  assert.ok(!bench.subscribed.has('mc/sfe.east:0'));
  assert.ok(bench.subscribed.has('mc/sfe.west:0'));
});

test('a restarted router replaces what its earlier run told', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  bench.beacon('west2:0');
  const own = { parent: 'site-west', startTime: 9, name: '0/west-1', mode: 'interior' };
  bench.records('west2:0', flowRecord(router, 'west2:0', own));
  assert.equal(findLink(bench.view, 'site-west', 'to-east'), undefined);
  assert.ok(!bench.subscribed.has('mc/sfe.west:0'));
});

test('a source changes only its own records', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  bench.records('east:0', flowRecord(link, 'west:1', { operStatus: 'down' }));
  bench.records('unknown:0', flowRecord(link, 'x:1', { startTime: 1, parent: 'west:0' }));
  assert.equal(findLink(bench.view, 'site-west', 'to-east')?.up, true);
  bench.records('east:0', flowRecord(link, 'west:1', { endTime: 7 }));
  assert.equal(findLink(bench.view, 'site-west', 'to-east')?.up, true);
});

test('an ended record disappears', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  bench.records('east:0', flowRecord(connector, 'east:2', { endTime: 7 }));
  assert.equal(countAddress(bench.view, 'svc').connectors, 0);
});

test('a change whose beginning was missed is not taken for a record', () => {
  const bench = new CollectorBench();
  bench.beacon('west:0');
  bench.records('west:0', flowRecord(link, 'west:1', { operStatus: 'up' }));
  assert.deepEqual([...bench.collector.records()], []);
});

test('sources and records beyond their limits are left out', () => {
  const bench = new CollectorBench({ sourcesMax: 2, recordsPerSourceMax: 3 });
  for (const id of ['a', 'b', 'c']) bench.beacon(id);
  assert.equal(bench.collector.sourceCount, 2);
  const many = Array.from({ length: 9 }, (_, index) =>
    flowRecord(listener, `a:${index}`, { startTime: 1, parent: 'a:0' }),
  );
  bench.records('a', ...many);
  assert.equal([...bench.collector.records()].length, 3);
});

test('after a reconnect every source is asked again', () => {
  const bench = new CollectorBench();
  twoSites(bench);
  bench.pass(1000);
  bench.sent.length = 0;
  bench.collector.onReconnected();
  assert.equal(bench.sent.length, 4);
});
