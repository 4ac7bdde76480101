/** Two sites of one control plane, linked by a token, and the network that carries their letters. */
import type { TestContext } from 'node:test';
import { accessToken, type IssuedLink, issuedLink, link, site } from '#apis/index.ts';
import { startAccessTokenController, startLinkRenewal, type SitePost } from '#grants/index.ts';
import { type KubeObject, type Secret, secret, secretText } from '#kube/index.ts';
import type { RecordedEvent } from '#kubeclient/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { grantWorld, openSite, siteOf, west } from './grant-world.ts';
import { until } from './until.ts';

/** The network between the sites of one control plane, open to whoever listens in. */
export class Network implements SitePost {
  readonly sent: { readonly siteId: string; readonly text: string }[] = [];
  readonly #listeners = new Set<(namespace: string, text: string) => void>();
  readonly #namespaces = new Map<string, string>();
  cut = false;

  place(siteId: string, namespace: string): void {
    this.#namespaces.set(siteId, namespace);
  }

  send(_namespace: string, siteId: string, text: string): boolean {
    if (this.cut) return false;
    this.sent.push({ siteId, text });
    this.deliver(this.#namespaces.get(siteId) ?? '', text);
    return true;
  }

  deliver(namespace: string, text: string): void {
    for (const listener of this.#listeners) setImmediate(() => listener(namespace, text));
  }

  onText(listener: (namespace: string, text: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Of a link certificate, milliseconds. */
export const life = 60_000;

/** East linked to west by a token, with a certificate that is due in two thirds of `life`. */
export async function linkedWorld(t: TestContext, lifeMs = life) {
  const world = await grantWorld(t, { certificateLifetimeMs: lifeMs });
  const opened = await openSite(world);
  await world.client.create(site, siteOf('east'));
  world.own(startAccessTokenController(world));
  const grant = await world.grant('g');
  const { url = '', code = '', ca = '' } = grant.status ?? {};
  await world.client.create(accessToken, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 'to-west', namespace: 'east' },
    spec: { url, code, ca },
  });
  const key = { namespace: 'east', name: 'to-west' };
  const made = await until(() => world.informers.of(link).get(key), 'the Link');
  await world.client.updateStatus(link, {
    ...made,
    status: { remoteSiteId: opened.metadata.uid ?? '' },
  });
  const network = new Network();
  network.place(opened.metadata.uid ?? '', west);
  const east = await until(
    () => world.informers.of(site).get({ namespace: 'east', name: 'east' }),
    'east',
  );
  network.place(east.metadata.uid ?? '', 'east');
  /** What was told about Links, as `reason: message`. */
  const told: string[] = [];
  const events = {
    record: (_about: KubeObject, { reason, message }: RecordedEvent) =>
      void told.push(`${reason}: ${message}`),
  };
  world.own(startLinkRenewal({ ...world, events, post: network }));
  const stored = async (): Promise<Secret> =>
    await until(() => world.client.find(secret, key), 'the Secret');
  const poke = async (): Promise<void> => {
    const found = await stored();
    const annotations = { ...found.metadata.annotations, poke: crypto.randomUUID() };
    await world.client.update(secret, { ...found, metadata: { ...found.metadata, annotations } });
  };
  const serial = async (): Promise<string> =>
    parseCertificate(secretText(await stored(), 'tls.crt') ?? '').serialNumber;
  const records = (): readonly IssuedLink[] => world.informers.of(issuedLink).list(west);
  await until(() => (records().length === 1 ? true : undefined), 'the record');
  return {
    ...world,
    told,
    network,
    poke,
    stored,
    serial,
    records,
    siteId: opened.metadata.uid ?? '',
  };
}
