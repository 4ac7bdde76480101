/**
 * The ValidatingWebhookConfiguration by which the API server asks, kept in step: which authorities
 * it knows our certificate by, and the path. Everything else of it belongs to who installed it. Pure.
 */
import { isRecord } from '#kube/index.ts';
import { joinBundle, parseCertificate, PkiError, splitBundle } from '#pki/index.ts';

/** Name of the configuration and of the one webhook in it. */
export const webhookConfigurationName = 'drawbridge-gateway';
export const webhookName = 'gatewaytokens.drawbridge.dev';

type Json = Readonly<Record<string, unknown>>;

/** The names that certificates must bear for the webhook of ours; empty when it is not there. */
export function webhookHosts(configuration: Json): readonly string[] {
  return oursIn(configuration).flatMap(({ clientConfig }) => {
    if (!isRecord(clientConfig)) return [];
    const { service, url } = clientConfig;
    if (typeof url === 'string' && URL.canParse(url)) {
      return [new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')];
    }
    if (!isRecord(service)) return [];
    return [`${String(service['name'])}.${String(service['namespace'])}.svc`];
  });
}

export interface WebhookWish {
  /** Authorities by which our certificate is checked; empty: somebody else's business. */
  readonly caPem: string;
  /** Keep those that are there too: replicas may still present an older certificate. */
  readonly keepOthers: boolean;
  readonly path: string;
  readonly nowMs: number;
}

/** The configuration as it should be; the same object when it is. */
export function withWebhook(configuration: Json, wish: WebhookWish): Json {
  const { webhooks } = configuration;
  if (!Array.isArray(webhooks)) return configuration;
  let changed = false;
  const next = webhooks.map((webhook: unknown) => {
    if (!isOurs(webhook)) return webhook;
    const { clientConfig } = webhook;
    const before = isRecord(clientConfig) ? clientConfig : {};
    const after = { ...before, ...bundleFor(before['caBundle'], wish), ...placeFor(before, wish) };
    if (JSON.stringify(after) === JSON.stringify(before)) return webhook;
    changed = true;
    return { ...webhook, clientConfig: after };
  });
  return changed ? { ...configuration, webhooks: next } : configuration;
}

function bundleFor(known: unknown, { caPem, keepOthers, nowMs }: WebhookWish): Json {
  if (caPem === '') return {};
  const text = typeof known === 'string' ? Buffer.from(known, 'base64').toString('utf8') : '';
  const others = keepOthers ? readable(text).filter((pem) => endOf(pem) > nowMs) : [];
  const bundle = joinBundle([caPem, ...others.slice(0, othersMax)]);
  return { caBundle: Buffer.from(bundle).toString('base64') };
}

/** Authorities of earlier certificates that are kept at most. */
const othersMax = 8;

function placeFor({ service, url }: Json, { path }: WebhookWish): Json {
  if (isRecord(service)) return { service: { ...service, path } };
  if (typeof url === 'string' && URL.canParse(url)) return { url: new URL(path, url).href };
  return {};
}

function oursIn({ webhooks }: Json): readonly Json[] {
  return Array.isArray(webhooks) ? webhooks.filter(isOurs) : [];
}

function isOurs(webhook: unknown): webhook is Json {
  return isRecord(webhook) && webhook['name'] === webhookName;
}

function readable(bundle: string): readonly string[] {
  try {
    return splitBundle(bundle);
  } catch (thrown) {
    if (thrown instanceof PkiError) return [];
    throw thrown;
  }
}

function endOf(pem: string): number {
  try {
    return parseCertificate(pem).notAfterMs;
  } catch (thrown) {
    if (thrown instanceof PkiError) return 0;
    throw thrown;
  }
}
