import assert from 'node:assert/strict';
import { test } from 'node:test';
import { link, listener, site } from '#apis/index.ts';
import { configMap, secret, service } from '#kube/index.ts';
import { siteWorld } from './site-world.ts';

const siteIn = (namespace: string, name: string, spec = {}) => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'Site',
  metadata: { name, namespace },
  spec,
});

test('a Site becomes Ready with its own router, and everything goes when it goes', async (t) => {
  const world = await siteWorld(t, process.env['LOG'] ? { log: (await import('#telemetry/index.ts')).createLogger({ level: 'debug' }) } : {});
  await world.namespace('west');
  const started = performance.now();
  await world.client.create(site, siteIn('west', 'west'));
  await world.eventually(site, 'west', 'west', 'Ready', (s) => s.status?.status === 'Ready');
  console.log('ready', performance.now() - started);
  const s = await world.eventually(site, 'west', 'west', 'network', (s) => s.status?.sitesInNetwork === 1);
  console.log('network', performance.now() - started, JSON.stringify(s.status, undefined, 1));
});
