import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  linksDigest,
  LostRouters,
  reachOf,
  withoutLostRouters,
} from '#controllers/site-router/lost-routers.ts';
import { until } from '../support/until.ts';
import { type FlowRecord, FlowRecordType, flowRecord, networkView } from '#telemetry/index.ts';

/** Site west with links from east and from the edge site leaf; east has a service. */
function records(up = 'up'): FlowRecord[] {
  const link = { operStatus: up, peer: 'access', name: 'link1' };
  const connector = { address: 'svc', destHost: 'h', destPort: '1' };
  return [
    ...['west', 'east', 'leaf'].map((name) => flowRecord(FlowRecordType.site, name, { name })),
    flowRecord(FlowRecordType.router, 'w', { parent: 'west', name: '0/W', mode: 'interior' }),
    flowRecord(FlowRecordType.router, 'e', { parent: 'east', name: '0/E', mode: 'interior' }),
    flowRecord(FlowRecordType.router, 'l', { parent: 'leaf', name: '0/L', mode: 'edge' }),
    flowRecord(FlowRecordType.routerAccess, 'access', { parent: 'w', name: 'a' }),
    flowRecord(FlowRecordType.link, 'le', { parent: 'e', ...link }),
    flowRecord(FlowRecordType.link, 'll', { parent: 'l', ...link, role: 'edge' }),
    flowRecord(FlowRecordType.connector, 'ce', { parent: 'e', ...connector }),
    flowRecord(FlowRecordType.connector, 'cl', { parent: 'l', ...connector }),
  ];
}

/** Sites in the eyes of `siteId` that have a link up and a service. */
function alive(siteId: string, nodes: readonly object[], peers: readonly string[]): string[] {
  const reach = reachOf(
    nodes as Record<string, string>[],
    peers.map((container) => ({ container })),
  );
  const { sites } = withoutLostRouters(networkView(records()), siteId, reach);
  return sites
    .filter(({ routers }) =>
      routers.some(({ links, connectors }) => connectors.length > 0 && links.some(({ up }) => up)),
    )
    .map(({ id }) => id);
}

const west = { id: 'W', cost: 0 };

test('who is reached keeps links and services', () => {
  assert.deepEqual(alive('west', [west, { id: 'E', cost: 1 }], ['E', 'L']), ['east', 'leaf']);
});

test('an interior router that is not reached has lost them, also when it is still known', () => {
  assert.deepEqual(alive('west', [west, { id: 'E', cost: null }], ['L']), ['leaf']);
  assert.deepEqual(alive('west', [west], ['L']), ['leaf']);
});

test('an edge router of ours is lost with its connection, one of others is left alone', () => {
  assert.deepEqual(alive('west', [west, { id: 'E', cost: 1 }], ['E']), ['east']);
  assert.deepEqual(alive('east', [west, { id: 'E', cost: 0 }], ['W']), ['east', 'leaf']);
});

test('of our own routers the one that is gone has lost them too', () => {
  const second = [
    flowRecord(FlowRecordType.router, 'w2', { parent: 'west', name: '0/W-2', mode: 'interior' }),
    flowRecord(FlowRecordType.link, 'lw', { parent: 'w2', operStatus: 'up', name: 'link2' }),
  ];
  const isUp = (nodes: readonly Record<string, unknown>[]): boolean | undefined => {
    const view = networkView([...records(), ...second]);
    const { sites } = withoutLostRouters(view, 'west', reachOf(nodes, [{ container: 'L' }]));
    const own = sites.find(({ id }) => id === 'west')?.routers ?? [];
    return own.flatMap(({ links }) => links).find(({ name }) => name === 'link2')?.up;
  };
  const east = { id: 'E', cost: 1 };
  assert.equal(isUp([west, east, { id: 'W-2', cost: 1 }]), true);
  assert.equal(isUp([west, east, { id: 'W-2', cost: null }]), false);
  assert.equal(isUp([west, east]), false);
});

test('in the eyes of an edge site nothing is lost', () => {
  assert.deepEqual(alive('leaf', [], []), ['east', 'leaf']);
});

test('the digest changes with a link, not with a service', () => {
  const digest = (...records_: FlowRecord[]): string => linksDigest(networkView(records_));
  const before = digest(...records());
  const connector = flowRecord(FlowRecordType.connector, 'x', { parent: 'e', address: 'y' });
  assert.equal(digest(...records(), connector), before);
  assert.notEqual(digest(...records('down')), before);
});

test('the router is asked when a link changes, and again while somebody is lost', async () => {
  let rows: Record<string, string | number>[] = [west];
  let asked = 0;
  let changes = 0;
  const lost = new LostRouters(
    {
      query: (type) => {
        asked++;
        return Promise.resolve(type === 'router.node' ? rows : [{ container: 'L' }]);
      },
      onChange: () => changes++,
    },
    'west',
  );
  const links = (): number[] =>
    lost
      .apply(networkView(records()))
      .sites.map(({ routers }) => routers[0]?.links.filter(({ up }) => up).length ?? 0);
  assert.deepEqual(links(), [1, 1, 0], 'nobody is lost before the router was asked');
  await until(() => changes === 1, 'east is found to be lost');
  assert.deepEqual(links(), [0, 1, 0]);
  rows = [west, { id: 'E', cost: 1 }];
  await until(() => changes === 2, 'east is found to be back');
  assert.deepEqual(links(), [1, 1, 0]);
  assert.ok(asked >= 4);
  lost.stop();
});
