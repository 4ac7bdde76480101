/**
 * Who tells a gateway under test who made a grant or a verdict: the embedded API server by itself, a
 * real one through the webhook of `drawbridge gateway install`, which a port of this machine answers.
 */
import type { TestContext } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { admissionName, webhookObject } from '#cli/deeds/installation/gateway-admission.ts';
import { gatewayName } from '#cli/deeds/installation/gateway-objects.ts';
import {
  AdmissionService,
  Creators,
  type GatewayDeps,
  sealKey,
  serverApprovers,
} from '#gateway/index.ts';
import { KubeClient } from '#kubeclient/index.ts';
import { createAuthority } from '#pki/index.ts';
import { serveWebhookBy, webhookAnswers, webhookByUrl, webhookPath } from './cluster-webhook.ts';
import { freePort } from './controller-process.ts';
import type { GatewayTarget } from './gateway-target.ts';
import { systemClock, systemRandom } from './system.ts';

export async function gatewayVouching(
  t: TestContext,
  { name, owner, account, namespace }: GatewayTarget,
): Promise<Pick<GatewayDeps, 'approvers' | 'creators'>> {
  if (name === 'embedded') return { approvers: serverApprovers };
  const client = new KubeClient(owner);
  const own = new KubeClient(account);
  t.after(() => {
    client.close();
    own.close();
  });
  const { of, object } = webhookObject({ namespace, account: gatewayName, selector: {} });
  await client.create(of, object);
  t.after(() => client.raw({ method: 'DELETE', path: webhookPath }));
  const port = await freePort();
  await webhookByUrl(client, port);
  const by = await createAuthority({ commonName: 'webhook', nowMs: Date.now() });
  const secret = { namespace, name: admissionName };
  await serveWebhookBy(client, by, secret);
  const key = await sealKey({ client: own, random: systemRandom }, namespace);
  const creators = new Creators(key, systemClock);
  const service = new AdmissionService(
    { client: own, creators, clock: systemClock, log: silentLogger, metrics: noMetrics },
    { host: '127.0.0.1', port, secret, lookMs: 100, settleMs: 500 },
  );
  await service.start();
  t.after(() => service.stop({ graceMs: 100 }));
  await webhookAnswers(client);
  return { creators };
}
