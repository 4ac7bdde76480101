/** What update verbs write: only what was given. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkManifests } from '../../src/cli/deeds/link.ts';
import { type SiteChange, siteManifest, siteSpecPatch } from '../../src/cli/deeds/site.ts';
import { parseWorkload } from '../../src/cli/deeds/workload.ts';
import { CliError } from '../../src/cli/errors.ts';
import { listenerPatch } from '../../src/cli/verbs/exposure/listener.ts';
import { connectorPatch } from '../../src/cli/verbs/exposure/connector.ts';

describe('site update', () => {
  const table: readonly (readonly [string, SiteChange, Record<string, unknown>])[] = [
    ['', {}, {}],
    ['', { linkAccessEnabled: true }, { linkAccess: 'default' }],
    ['none', { linkAccessEnabled: true }, { linkAccess: 'default' }],
    ['route', { linkAccessEnabled: true }, {}],
    ['route', { linkAccessEnabled: true, linkAccessType: 'local' }, { linkAccess: 'local' }],
    ['route', { linkAccessType: 'local' }, { linkAccess: 'local' }],
    ['route', { linkAccessEnabled: false }, { linkAccess: 'none' }],
    ['', { linkAccessEnabled: false }, {}],
    ['route', { ha: true }, { ha: true }],
    ['', { ha: false }, { ha: false }],
  ];
  for (const [linkAccess, change, patch] of table) {
    test(`from "${linkAccess}" with ${JSON.stringify(change)}`, () => {
      const site = siteManifest({ name: 's', linkAccess, ha: false });
      assert.deepEqual(siteSpecPatch(site, change), patch);
    });
  }

  test('a type of access makes no sense while access is off', () => {
    const site = siteManifest({ name: 's', linkAccess: '', ha: false });
    for (const change of [
      { linkAccessType: 'route' },
      { linkAccessType: 'route', linkAccessEnabled: false },
    ]) {
      assert.throws(() => siteSpecPatch(site, change), CliError);
    }
  });
});

describe('connector update', () => {
  const table: readonly (readonly [
    Parameters<typeof connectorPatch>[0],
    Parameters<typeof connectorPatch>[1],
    Record<string, unknown>,
  ])[] = [
    [{}, {}, {}],
    [{ port: '8080', routingKey: 'k' }, {}, { port: 8080, routingKey: 'k' }],
    [{ host: 'h' }, { host: 'h' }, { host: 'h', selector: null }],
    [{}, { selector: 'a=b' }, { selector: 'a=b', host: null }],
    [{ includeNotReady: false }, {}, { includeNotReadyPods: false }],
    [
      { useClientCert: false, verifyHostname: true },
      {},
      { useClientCert: false, verifyHostname: true },
    ],
    [{ exposePodsByName: false }, {}, { exposePodsByName: false }],
  ];
  for (const [flags, target, patch] of table) {
    test(JSON.stringify({ flags, target }), () => {
      assert.deepEqual(connectorPatch(flags, target), patch);
    });
  }
});

test('listener update changes what is named', () => {
  assert.deepEqual(listenerPatch({}), {});
  assert.deepEqual(listenerPatch({ observer: 'none', exposePodsByName: false, port: '81' }), {
    observer: 'none',
    exposePodsByName: false,
    port: 81,
  });
});

test('a generated link has the endpoints of one group each', () => {
  const endpoint = (name: string, group: string) => ({ name, host: 'h', port: '1', group });
  const [first, second] = [endpoint('inter-router', 'g1'), endpoint('edge', 'g1')];
  const third = endpoint('inter-router', 'g2');
  const site = {
    ...siteManifest({ name: 'west', linkAccess: 'default', ha: true }),
    status: { endpoints: [first, endpoint('normal', 'g1'), third, second] },
  };
  const links = linkManifests(site, 'secret', 3);
  assert.deepEqual(
    links.map(({ metadata, spec }) => [metadata.name, spec]),
    [
      ['link-west-g1', { endpoints: [first, second], tlsCredentials: 'secret', cost: 3 }],
      ['link-west-g2', { endpoints: [third], tlsCredentials: 'secret', cost: 3 }],
    ],
  );
});

test('a workload is a kind and a name', () => {
  const value = (text: string): unknown => {
    const parsed = parseWorkload(text);
    return 'value' in parsed ? [parsed.value.of.kind, parsed.value.name] : parsed.problem;
  };
  assert.deepEqual(value('deployment/backend'), ['Deployment', 'backend']);
  assert.deepEqual(value('Service/backend'), ['Service', 'backend']);
  assert.match(String(value('constructor/x')), /resource-type constructor not allowed/);
  assert.match(String(value('deployment/Bad')), /^workload name is not valid/);
  for (const text of ['', 'deployment', 'deployment/', 'a/b/c']) {
    assert.equal(value(text), 'workload must include <resource-type>/<resource-name>');
  }
});
