/** What several routers of a site see, put together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { joinedNetwork, type NetworkSite } from '#controllers/network.ts';

const up = { name: 'pair-1', remoteSiteId: 'e', remoteSiteName: 'east', operational: true };
const west = (more: Partial<NetworkSite>): NetworkSite => ({ id: 'w', name: 'west', ...more });

test('a site that both see is one site, with what either knows', () => {
  const one = west({ links: [up], services: [{ routingKey: 'a', connectors: ['h'] }] });
  const other = west({
    links: [{ name: 'pair-2', operational: false }],
    services: [
      { routingKey: 'a', listeners: ['l'] },
      { routingKey: 'b', listeners: ['m'] },
    ],
  });
  const east = { id: 'e', name: 'east' };
  const [first, second, ...more] = joinedNetwork([one, east, other]);
  assert.deepEqual(first, east);
  assert.deepEqual(more, []);
  assert.deepEqual(second?.links, [up, { name: 'pair-2', operational: false }]);
  assert.deepEqual(second.services, [
    { routingKey: 'a', connectors: ['h'], listeners: ['l'] },
    { routingKey: 'b', connectors: [], listeners: ['m'] },
  ]);
});

test('a link works when it does for one, and leads where the one that knows says', () => {
  const linkOf = (...links: (typeof up | object)[]) =>
    joinedNetwork(links.map((each) => west({ links: [{ name: 'pair-1', ...each }] })))[0]?.links;
  const down = { operational: false };
  const fresh = { operational: true };
  assert.deepEqual(linkOf(down, up), [up]);
  assert.deepEqual(linkOf(up, down), [up]);
  assert.deepEqual(linkOf(fresh, up), [up], 'a router that has just started knows no other site');
  assert.deepEqual(linkOf(down, down), [{ name: 'pair-1', ...down }]);
});

test('the order of the routers does not matter, nor that one sees what the other does', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const plain = { noNullPrototype: true };
  const links = fc.uniqueArray(fc.record({ name, operational: fc.boolean() }, plain), {
    selector: (each) => each.name,
  });
  const hosts = fc.constantFrom<string[]>([], ['h']);
  const service = fc.record({ routingKey: name, connectors: hosts, listeners: hosts }, plain);
  const services = fc.uniqueArray(service, { selector: (each) => each.routingKey });
  const sites = fc.uniqueArray(fc.record({ id: name, links, services }, plain), {
    selector: (each) => each.id,
  });
  const named = (seen: readonly Omit<NetworkSite, 'name'>[]): readonly NetworkSite[] =>
    seen.map((each) => ({ ...each, name: each.id }));
  fc.assert(
    fc.property(sites, sites, (one, other) => {
      // Once more, so that the lists of each are in order.
      const joined = joinedNetwork([...named([...one, ...other]), ...named(other)]);
      const again = joinedNetwork([...named([...other, ...one]), ...named(one)]);
      assert.deepEqual(joinedNetwork([...joined, ...again]), joinedNetwork([...again, ...joined]));
      assert.deepEqual(
        joinedNetwork([...joined, ...joined, ...joined]),
        joinedNetwork([...joined, ...joined]),
      );
    }),
  );
});
