/** Links that come in are gone when our own router counts none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LostLinks } from '#controllers/site-router/lost-links.ts';
import { type FlowRecord, FlowRecordType, flowRecord, networkView } from '#telemetry/index.ts';

/** Site `west` with a router that counts `links`, and site `east` that reports a link to it. */
function records(links: number | undefined): FlowRecord[] {
  const link = { operStatus: 'up', peer: 'access', name: 'link1' };
  const count = links === undefined ? {} : { linkCount: links };
  return [
    flowRecord(FlowRecordType.site, 'west', { name: 'west' }),
    flowRecord(FlowRecordType.site, 'east', { name: 'east' }),
    flowRecord(FlowRecordType.router, 'w', { parent: 'west' }),
    flowRecord(FlowRecordType.router, 'e', { parent: 'east' }),
    flowRecord(FlowRecordType.routerAccess, 'access', { parent: 'w', name: 'a', ...count }),
    flowRecord(FlowRecordType.link, 'l', { parent: 'e', ...link }),
  ];
}

/** Is the link of east up in the eyes of `siteId`, after each of the counts in turn? */
function seen(siteId: string, ...counts: readonly (number | undefined)[]): (boolean | undefined)[] {
  const lost = new LostLinks(siteId);
  return counts.map((count) => {
    const { sites } = lost.apply(networkView(records(count)));
    return sites.find(({ id }) => id === 'east')?.routers[0]?.links[0]?.up;
  });
}

test('a link that came in is down when none comes in any more, and up when one does', () => {
  assert.deepEqual(seen('west', 0, 1, 0, 0, 2), [true, true, false, false, true]);
});

test('a router that has never counted links is not believed', () => {
  assert.deepEqual(seen('west', undefined, undefined), [true, true]);
  assert.deepEqual(seen('west', 0, 0), [true, true]);
});

test('a link between the routers of the site does not count as one that comes in', () => {
  const second = [
    flowRecord(FlowRecordType.router, 'w2', { parent: 'west' }),
    flowRecord(FlowRecordType.link, 'p', { parent: 'w2', operStatus: 'up', peer: 'access' }),
  ];
  const lost = new LostLinks('west');
  const up = [2, 1, 2].map((count) => {
    const { sites } = lost.apply(networkView([...records(count), ...second]));
    return sites.find(({ id }) => id === 'east')?.routers[0]?.links[0]?.up;
  });
  assert.deepEqual(up, [true, false, true]);
});

test('a link of the site itself is never touched', () => {
  assert.deepEqual(seen('east', 1, 0), [true, true]);
});
