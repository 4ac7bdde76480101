/**
 * From the objects of a namespace to what its router should be: entities, credentials, and the
 * records that make ordinals rise. Pure: objects in, plan out.
 */
import { annotationOf } from '#kube/index.ts';
import { checkConnector } from '../connector/check.ts';
import type {
  ConfigMap,
  Connector,
  Link,
  Listener,
  MultiKeyListener,
  RouterAccess,
  Secret,
  Service,
  Site,
} from '../kinds.ts';
import { checkLink } from '../link/check.ts';
import type { TakenPlace } from '../listener/taken-places.ts';
import { annotations, messages, nameInGroup, siteObjects } from '../names.ts';
import { specOf as accessSpec } from '../router-access/decide.ts';
import type { NetworkSite } from '../network.ts';
import type { RouterPlace, SitePod, SiteRuntime } from '../runtime.ts';
import { parseConfig } from './config-file.ts';
import { checkCredentials } from './check-credentials.ts';
import { credentialsOf, isUsableCredentials } from './credentials.ts';
import {
  type AccessInput,
  type ConnectorInput,
  connectorProfile,
  desiredEntities,
  type LinkInput,
  linkProfile,
  managementListener,
  managementProfile,
  type ProxyInput,
  type RouterEntity,
} from './entities.ts';
import { type ListenerInputs, listenerInputs } from './listener-inputs.ts';
import { peersOf } from './peers.ts';
import {
  parseRevisions,
  type ProfileRecord,
  type ProfileWish,
  type ResolvedProfile,
  resolveProfiles,
} from './tls-profiles.ts';

/** Everything of a namespace that decides its router. */
export interface NamespaceObjects {
  readonly site: Site;
  /** Which of the routers of the Site. */
  readonly group: string;
  readonly routerAccesses: readonly RouterAccess[];
  readonly links: readonly Link[];
  readonly listeners: readonly Listener[];
  readonly multiKeyListeners: readonly MultiKeyListener[];
  readonly connectors: readonly Connector[];
  /** What AttachedConnectors of other namespaces amount to. */
  readonly attached: readonly ConnectorInput[];
  /** Pods of the namespace that run; undefined where there can be none. */
  readonly pods: readonly SitePod[] | undefined;
  /** The network as its router sees it; undefined before the first word. */
  readonly network: readonly NetworkSite[] | undefined;
  /** Addresses that listeners of other Sites have. */
  readonly taken?: TakenPlace;
  readonly secret: (name: string) => Secret | undefined;
  readonly service: (name: string) => Service | undefined;
  readonly services: readonly Service[];
  /** The router ConfigMap, for what was chosen before. */
  readonly configMap: ConfigMap | undefined;
}

export type PlanRuntime = Pick<
  SiteRuntime,
  | 'bindOf'
  | 'bindsAddresses'
  | 'credentialPath'
  | 'ownEntities'
  | 'platform'
  | 'proxyPasswordPath'
  | 'roles'
  | 'sharesAddresses'
>;

export interface RouterPlan {
  readonly entities: readonly RouterEntity[];
  readonly profiles: readonly ResolvedProfile[];
  /** Passwords of proxies by name of the proxy profile. */
  readonly proxyPasswords: ReadonlyMap<string, string>;
}

export type PlanOutcome =
  | { readonly ok: true; readonly plan: RouterPlan }
  /** Something it cannot do without is not there yet. */
  | { readonly ok: false; readonly waitsFor: string };

export function planRouter(
  objects: NamespaceObjects,
  runtime: PlanRuntime,
  version: string,
): PlanOutcome {
  const { site, secret } = objects;
  const place = { namespace: site.metadata.namespace ?? '', group: objects.group };
  const localService = objects.service(siteObjects.localService);
  const own = runtime.sharesAddresses ? objects.group : siteObjects.routerGroup;
  const management =
    localService && runtime.bindOf(localService, nameInGroup(managementListener, own));
  if (localService === undefined || management === undefined)
    return wait(`Service ${siteObjects.localService}`);
  if (!isUsableCredentials(secret(managementProfile))) {
    return wait(messages.tlsSecretNotFound(managementProfile));
  }
  const mode = site.spec?.edge === true ? 'edge' : 'interior';
  const peers = peersOf(objects, runtime, localService);
  const access = [...accessInputs(objects, runtime), ...peers.access];
  const { links: outgoing, proxies } = linkInputs(objects, mode);
  const links = [...outgoing, ...peers.links];
  const { listeners, multiListeners } = listenerInputs(objects, runtime);
  const sharePort = runtime.sharesAddresses && site.spec?.ha === true;
  const connectors = [...connectorInputs(objects), ...objects.attached];
  const profiles = resolveProfiles(
    wishes({ access, links, listeners, multiListeners, connectors }),
    (name) => credentialsOf(secret(name)),
    recordsOf(objects.configMap),
    parseRevisions(site.spec?.settings?.['tls-prior-valid-revisions']),
  );
  const entities = desiredEntities({
    site: {
      name: site.metadata.name,
      uid: site.metadata.uid ?? '',
      group: objects.group,
    },
    mode,
    version,
    platform: runtime.platform,
    dataConnectionCount: site.spec?.settings?.['router-data-connection-count'],
    logging: site.spec?.settings?.['router-logging'],
    management,
    ownEntities: runtime.ownEntities,
    profiles: profiles.map((profile) => ({ ...profile, files: [...profile.files.keys()] })),
    access,
    links,
    proxies: proxies.map((proxy) => withPasswordPath(proxy, place, runtime)),
    listeners: listeners.map((each) => ({ ...each, sharePort })),
    multiListeners: multiListeners.map((each) => ({ ...each, sharePort })),
    connectors,
    credentialPath: (profile, file) => runtime.credentialPath(place, profile, file),
  });
  return { ok: true, plan: { entities, profiles, proxyPasswords: passwords(proxies, secret) } };
}

function wait(waitsFor: string): PlanOutcome {
  return { ok: false, waitsFor };
}

/** A way in shows a certificate, and knows those who come by their authority. */
const accessNeed = { authority: true, certificate: true };

function accessInputs(objects: NamespaceObjects, runtime: PlanRuntime): AccessInput[] {
  return objects.routerAccesses.flatMap((access) => {
    const { name } = access.metadata;
    const { roles, tlsCredentials, bindHost = '' } = accessSpec(access);
    const service = objects.service(nameInGroup(name, objects.group));
    if (service === undefined || !isUsableCredentials(objects.secret(tlsCredentials))) return [];
    // A router would refuse them too, in words that name no Secret.
    if (checkCredentials(objects, tlsCredentials, accessNeed) !== undefined) return [];
    return roles.flatMap(({ name: role }) => {
      const bind = runtime.roles.includes(role) ? runtime.bindOf(service, role) : undefined;
      if (bind === undefined) return [];
      const host = bindHost === '' ? bind.host : bindHost;
      return [{ name, role, bind: { host, port: bind.port }, secret: tlsCredentials }];
    });
  });
}

function linkInputs(
  objects: NamespaceObjects,
  mode: 'interior' | 'edge',
): { links: LinkInput[]; proxies: ProxyInput[] } {
  const links: LinkInput[] = [];
  const proxies = new Map<string, ProxyInput>();
  for (const link of objects.links) {
    const checked = checkLink(link, { mode, secret: objects.secret });
    if (!checked.ok) continue;
    links.push(checked.link);
    if (checked.proxy !== undefined) proxies.set(checked.proxy.name, checked.proxy);
  }
  return { links, proxies: [...proxies.values()] };
}

function connectorInputs(objects: NamespaceObjects): ConnectorInput[] {
  return objects.connectors.flatMap((connector) => {
    const checked = checkConnector(connector, objects);
    return checked.ok ? [...checked.connectors] : [];
  });
}

interface Users extends ListenerInputs {
  readonly access: readonly AccessInput[];
  readonly links: readonly LinkInput[];
  readonly connectors: readonly ConnectorInput[];
}

function wishes({ access, links, listeners, multiListeners, connectors }: Users): ProfileWish[] {
  const found: ProfileWish[] = [
    { profile: managementProfile, secret: managementProfile, caOnly: false },
  ];
  for (const { secret } of access) {
    found.push({ profile: secret, secret, caOnly: false, isAccess: true });
  }
  for (const { secret } of links) {
    if (secret !== undefined) found.push({ profile: linkProfile(secret), secret, caOnly: false });
  }
  for (const { secret } of [...listeners, ...multiListeners]) {
    if (secret !== undefined) found.push({ profile: secret, secret, caOnly: false });
  }
  for (const { secret, useClientCert } of connectors) {
    if (secret === undefined) continue;
    const profile = connectorProfile(secret, useClientCert);
    found.push({ profile, secret, caOnly: !useClientCert });
  }
  return found;
}

/** Digests of the credentials behind each profile, as the ConfigMap has them. */
export function digestsOf(configMap: ConfigMap): ReadonlyMap<string, string> {
  return parseTexts(annotationOf(configMap, annotations.tlsDigests));
}

/** Ordinals as the ConfigMap has them, digests as its annotation has them. */
function recordsOf(configMap: ConfigMap | undefined): ReadonlyMap<string, ProfileRecord> {
  const records = new Map<string, ProfileRecord>();
  if (configMap === undefined) return records;
  const digests = digestsOf(configMap);
  const authorities = parseTexts(annotationOf(configMap, annotations.tlsAuthorities));
  for (const entity of parseConfig(configMap.data?.[siteObjects.routerConfigKey] ?? '')) {
    if (entity.type !== 'sslProfile') continue;
    const { name, attributes } = entity;
    const trusted = authorities.get(name) ?? '';
    records.set(name, {
      digest: digests.get(name) ?? '',
      ordinal: countOf(attributes['ordinal']),
      oldestValidOrdinal: countOf(attributes['oldestValidOrdinal']),
      authorities: trusted === '' ? [] : trusted.split(' '),
    });
  }
  return records;
}

function countOf(value: unknown): number {
  const count = Number(value ?? 0);
  return Number.isSafeInteger(count) ? count : 0;
}

function parseTexts(text: string | undefined): ReadonlyMap<string, string> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null) return new Map();
    return new Map(
      Object.entries(value).filter((entry): entry is [string, string] => {
        return typeof entry[1] === 'string';
      }),
    );
  } catch {
    return new Map();
  }
}

/** The annotation that `recordsOf` reads. */
export function formatDigests(profiles: readonly ResolvedProfile[]): string {
  return JSON.stringify(Object.fromEntries(profiles.map(({ name, digest }) => [name, digest])));
}

/** Another annotation that `recordsOf` reads. */
export function formatAuthorities(profiles: readonly ResolvedProfile[]): string {
  return JSON.stringify(
    Object.fromEntries(profiles.map(({ name, authorities }) => [name, authorities.join(' ')])),
  );
}

function withPasswordPath(proxy: ProxyInput, place: RouterPlace, runtime: PlanRuntime): ProxyInput {
  if (proxy.passwordFile === undefined) return proxy;
  return { ...proxy, passwordFile: runtime.proxyPasswordPath(place, proxy.name) };
}

function passwords(
  proxies: readonly ProxyInput[],
  secret: NamespaceObjects['secret'],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name } of proxies) {
    const value = secret(name)?.data?.['password'];
    if (value !== undefined) found.set(name, Buffer.from(value, 'base64').toString('utf8'));
  }
  return found;
}
