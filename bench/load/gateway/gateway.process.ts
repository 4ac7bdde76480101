/** A gateway before a given upstream, with an embedded API server for its grants. */
import { readFileSync } from 'node:fs';
import { apiDefinitions, gatewayToken } from '#apis/index.ts';
import { openApiStore, startApiServer } from '#apiserver/index.ts';
import { silentLogger } from '#base/log.ts';
import { hashOf, newCode, revealHandle, startGateway } from '#gateway/index.ts';
import { builtinDefinitions, Registry } from '#kube/index.ts';
import { directConnection, KubeClient } from '#kubeclient/index.ts';
import { createMetrics } from '#telemetry/index.ts';
import { collectYoung, YoungHeap } from '../../../src/app/router-process/young-heap.ts';
import { systemClock, systemRandom } from '../../../test/support/system.ts';

const [pki = '', upstream = '', audit = ''] = process.argv.slice(2);
const pem = (name: string): string => readFileSync(`${pki}/${name}`, 'utf8');
const tls = { cert: pem('apiserver.crt'), key: pem('apiserver.key') };
const owner = { ca: pem('ca.crt'), cert: pem('admin.crt'), key: pem('admin.key') };
const clock = systemClock;
const store = await openApiStore({ clock, logger: silentLogger }, { directory: `${pki}/data` });
const api = await startApiServer(
  {
    clock,
    random: systemRandom,
    logger: silentLogger,
    store,
    registry: new Registry([...builtinDefinitions, ...apiDefinitions]),
  },
  { host: '127.0.0.1', port: 0, tls: { ...tls, clientCa: owner.ca }, version: '0' },
);
const client = new KubeClient(directConnection({ server: api.origin, ...owner }));
const gateway = await startGateway(
  {
    client,
    events: { record: () => undefined },
    clock,
    random: systemRandom,
    log: silentLogger,
    metrics: createMetrics(),
    onRead: new YoungHeap(collectYoung()).onRead,
  },
  {
    host: '127.0.0.1',
    port: 0,
    tls,
    hosts: [],
    clusters: new Map([['local', directConnection({ server: upstream, ...owner })]]),
    identity: 'impersonate',
    namespace: 'drawbridge-system',
    protectedNamespaces: ['drawbridge-system'],
    audit: { file: audit, failClosed: true },
  },
);

/** Sessions that one grant can have at the same time bound what one grant is redeemed for. */
async function grant(name: string, usesAllowed: number): Promise<string> {
  const key = { namespace: 'default', name };
  const code = newCode(systemRandom, key);
  await client.create(gatewayToken, {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: key,
    spec: {
      rules: [
        { verbs: ['*'], resources: ['configmaps'] },
        { verbs: ['*'], resources: ['pods'], subresources: ['exec'] },
      ],
      connect: ['exec'],
      usesAllowed,
    },
  });
  const status = { codeHash: hashOf(code) };
  await client.patch(gatewayToken, key, { status }, { subresource: 'status' });
  return revealHandle(code);
}

const codes: string[] = [];
for (let at = 0; at < 60; at++) codes.push(await grant(`r${at}`, 100));
console.log(JSON.stringify({ origin: gateway.origin, token: await grant('load', 1), codes }));
process.stdin.resume().on('end', () => process.exit(0));
