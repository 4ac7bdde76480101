/** The webhook of an installed gateway in a cluster without a network of Services: by URL. */
import assert from 'node:assert/strict';
import { webhookConfigurationName } from '#gateway/index.ts';
import { encodeSecretData, secret } from '#kube/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { type Authority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { until } from './until.ts';

/** Path of the configuration. */
export const webhookPath = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${webhookConfigurationName}`;

export interface WebhookConfiguration {
  readonly metadata: { readonly resourceVersion: string; readonly uid: string };
  readonly webhooks: readonly [
    {
      readonly matchConditions: readonly { readonly expression: string }[];
      readonly clientConfig: {
        readonly caBundle?: string;
        readonly url?: string;
        readonly service?: { readonly name: string; readonly path?: string };
      };
    },
  ];
}

export function readWebhook(client: KubeClient): Promise<WebhookConfiguration> {
  return client.raw({ method: 'GET', path: webhookPath });
}

/** Puts a port of this machine in the place of the Service. */
export async function webhookByUrl(client: KubeClient, port: number): Promise<void> {
  const found = await readWebhook(client);
  const [webhook] = found.webhooks;
  assert.deepEqual(webhook.clientConfig.service?.name, 'drawbridge-gateway-admission');
  const clientConfig = { url: `https://127.0.0.1:${port}/` };
  const body = { ...found, webhooks: [{ ...webhook, clientConfig }] };
  await client.raw({ method: 'PUT', path: webhookPath, body });
}

/** A certificate for the webhook, signed by that authority, in the Secret of that name. */
export async function serveWebhookBy(
  client: KubeClient,
  by: Authority,
  key: { readonly namespace: string; readonly name: string },
  host = '127.0.0.1',
): Promise<void> {
  const wish = { commonName: host, hosts: [host], server: true, client: false, nowMs: Date.now() };
  const { certificate, keys } = await issueCertificate(by, wish);
  const data = encodeSecretData({
    'tls.crt': certificate.pem,
    'tls.key': privateKeyPem(keys.privateKey),
    'ca.crt': by.certificate.pem,
  });
  const found = await client.find(secret, key);
  const made = { apiVersion: 'v1', kind: 'Secret', metadata: key, type: 'kubernetes.io/tls' };
  if (found === undefined) await client.create(secret, { ...made, data });
  else await client.update(secret, { ...found, data });
}

/** Waits until the API server is answered. */
export async function webhookAnswers(client: KubeClient): Promise<void> {
  const tokens = '/apis/drawbridge.dev/v1alpha1/namespaces/default/gatewaytokens?dryRun=All';
  const body = {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: { name: 'does-it-answer' },
    spec: {},
  };
  await until(
    async () => {
      await client.raw({ method: 'POST', path: tokens, body });
      return true;
    },
    'the gateway answers the API server',
    40_000,
  );
}
