/**
 * The router configuration a namespace should have, as pure data: given what the API objects say,
 * which entities with which attributes. The same list is written to the ConfigMap, started from
 * and compared with the running router.
 */
import { nameInGroup, siteObjects } from '../names.ts';
import { type MultiListenerInput, multiListenerEntities } from './multi-listener.ts';
import type { CredentialFile } from './tls-profiles.ts';

/** Entity types as the configuration file and management name them. */
export type EntityType =
  | 'router'
  | 'sslProfile'
  | 'proxyProfile'
  | 'connector'
  | 'listener'
  | 'address'
  | 'tcpListener'
  | 'tcpConnector'
  | 'listenerAddress'
  | 'log';

export type AttributeValue = string | number | boolean;

export interface RouterEntity {
  readonly type: EntityType;
  /** Empty for the types of which there is one (`router`) or whose name does not matter. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Where a router listens or connects to. An empty host means all addresses. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface AccessInput {
  /** Name of the RouterAccess. */
  readonly name: string;
  readonly role: string;
  readonly bind: HostPort;
  readonly secret: string;
}

export interface LinkInput {
  readonly name: string;
  readonly role: string;
  readonly host: string;
  readonly port: string;
  readonly cost: number;
  readonly secret: string | undefined;
  readonly proxy: string | undefined;
  /** True when absent. */
  readonly verifyHostname?: boolean;
}

export interface ProxyInput {
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly username: string | undefined;
  /** File that holds the password. */
  readonly passwordFile: string | undefined;
}

export interface ListenerInput {
  readonly name: string;
  readonly bind: HostPort;
  readonly address: string;
  readonly secret: string | undefined;
  readonly observer: string | undefined;
  /** Another router of the Site listens there, too. */
  readonly sharePort?: boolean;
}

export interface ConnectorInput {
  readonly name: string;
  readonly host: string;
  /** What tells it from others of its Connector when the host does not: the name of a pod. */
  readonly target?: string;
  /** Uid of the pod behind it. */
  readonly processId?: string;
  readonly port: number;
  readonly address: string;
  readonly secret: string | undefined;
  readonly useClientCert: boolean;
  readonly verifyHostname: boolean;
}

export interface ProfileInput {
  readonly name: string;
  readonly files: readonly CredentialFile[];
  readonly ordinal: number;
  readonly oldestValidOrdinal: number;
}

export interface SiteIdentity {
  readonly name: string;
  readonly uid: string;
  /** Which of its routers; the first one when absent. */
  readonly group?: string;
}

export interface RouterInputs {
  readonly site: SiteIdentity;
  readonly mode: 'interior' | 'edge';
  readonly version: string;
  readonly platform: string;
  readonly dataConnectionCount: string | undefined;
  /** Text of the setting `router-logging`: `[MODULE:]level[,…]`. */
  readonly logging: string | undefined;
  readonly management: HostPort;
  /** What every router of the runtime has beside. */
  readonly ownEntities: readonly RouterEntity[];
  readonly profiles: readonly ProfileInput[];
  readonly access: readonly AccessInput[];
  readonly links: readonly LinkInput[];
  readonly proxies: readonly ProxyInput[];
  readonly listeners: readonly ListenerInput[];
  readonly multiListeners: readonly MultiListenerInput[];
  readonly connectors: readonly ConnectorInput[];
  /** Path of a credential file as the router sees it. */
  readonly credentialPath: (profile: string, file: CredentialFile) => string;
}

/** Name of the listener that management connects to. */
export const managementListener = 'amqps';
/** Name of its profile and Secret. */
export const managementProfile = 'skupper-local-server';

/** The profile of a link: always with a client certificate. */
export function linkProfile(secret: string): string {
  return `${secret}-profile`;
}

/** The profile of a connector: the full one when it shows a client certificate. */
export function connectorProfile(secret: string, useClientCert: boolean): string {
  return useClientCert ? secret : `${secret}-profile`;
}

/** All entities, sorted by type and name so that equal input gives equal text. */
export function desiredEntities(inputs: RouterInputs): RouterEntity[] {
  const { uid } = inputs.site;
  const multi = inputs.multiListeners.flatMap((listener) => multiListenerEntities(listener, uid));
  const isAddress = ({ type }: RouterEntity): boolean => type === 'listenerAddress';
  return [
    routerEntity(inputs),
    entity('address', 'mc', { prefix: 'mc', distribution: 'multicast' }),
    ...logEntities(inputs.logging),
    ...sorted(inputs.profiles.map((profile) => profileEntity(profile, inputs.credentialPath))),
    ...sorted(inputs.proxies.map(proxyEntity)),
    ...inputs.ownEntities,
    entity('listener', managementListener, {
      ...optional('host', inputs.management.host),
      port: `${inputs.management.port}`,
      role: 'normal',
      sslProfile: managementProfile,
      saslMechanisms: 'EXTERNAL',
      authenticatePeer: true,
    }),
    ...sorted(inputs.access.map(accessEntity)),
    ...sorted(inputs.links.map(linkEntity)),
    ...sorted(inputs.listeners.map((listener) => listenerEntity(listener, uid))),
    ...sorted(multi.filter((each) => !isAddress(each))),
    ...sorted(inputs.connectors.map((connector) => connectorEntity(connector, uid))),
    ...sorted(multi.filter(isAddress)),
  ];
}

/** Unique in the network: sites in different namespaces or on different machines share names. */
export function routerId({ name, uid, group = siteObjects.routerGroup }: SiteIdentity): string {
  return nameInGroup(`${name}-${uid.slice(0, 8)}`, group);
}

function routerEntity(inputs: RouterInputs): RouterEntity {
  const { site, version, platform } = inputs;
  return entity('router', '', {
    id: routerId(site),
    mode: inputs.mode,
    helloMaxAgeSeconds: '3',
    metadata: JSON.stringify({ id: site.uid, version, platform }),
    ...optional('dataConnectionCount', inputs.dataConnectionCount),
  });
}

function profileEntity(profile: ProfileInput, path: RouterInputs['credentialPath']): RouterEntity {
  const has = (file: CredentialFile): boolean => profile.files.includes(file);
  return entity('sslProfile', profile.name, {
    ...(has('ca.crt') ? { caCertFile: path(profile.name, 'ca.crt') } : {}),
    ...(has('tls.crt') ? { certFile: path(profile.name, 'tls.crt') } : {}),
    ...(has('tls.key') ? { privateKeyFile: path(profile.name, 'tls.key') } : {}),
    ordinal: profile.ordinal,
    oldestValidOrdinal: profile.oldestValidOrdinal,
  });
}

function proxyEntity(proxy: ProxyInput): RouterEntity {
  return entity('proxyProfile', proxy.name, {
    host: proxy.host,
    port: proxy.port,
    ...optional('username', proxy.username),
    ...optional(
      'password',
      proxy.passwordFile === undefined ? undefined : `file:${proxy.passwordFile}`,
    ),
  });
}

function accessEntity(access: AccessInput): RouterEntity {
  return entity('listener', `${access.name}-${access.role}`, {
    ...(access.bind.host === '' ? {} : { host: access.bind.host }),
    port: `${access.bind.port}`,
    role: routerRole(access.role),
    sslProfile: access.secret,
    saslMechanisms: 'EXTERNAL',
    authenticatePeer: true,
  });
}

/** Any name but these two is treated as inter-router. */
function routerRole(role: string): string {
  return role === 'edge' || role === 'normal' ? role : 'inter-router';
}

function linkEntity(link: LinkInput): RouterEntity {
  return entity('connector', link.name, {
    role: link.role,
    host: link.host,
    port: link.port,
    cost: Math.max(1, link.cost),
    ...optional('sslProfile', link.secret === undefined ? undefined : linkProfile(link.secret)),
    ...optional('proxyProfile', link.proxy),
    ...optional('verifyHostname', link.verifyHostname),
  });
}

function listenerEntity(listener: ListenerInput, siteId: string): RouterEntity {
  return entity('tcpListener', `listener/${listener.name}`, {
    ...(listener.bind.host === '' ? {} : { host: listener.bind.host }),
    port: `${listener.bind.port}`,
    address: listener.address,
    siteId,
    ...optional('sslProfile', listener.secret),
    ...optional('observer', listener.observer),
    ...(listener.sharePort === true ? { sharePort: true } : {}),
  });
}

/** Name of the tcpConnector. */
export function connectorEntityName({
  name,
  host,
  target = host,
}: Pick<ConnectorInput, 'host' | 'name' | 'target'>): string {
  return `connector/${name}@${target}`;
}

function connectorEntity(connector: ConnectorInput, siteId: string): RouterEntity {
  const { secret, useClientCert } = connector;
  return entity('tcpConnector', connectorEntityName(connector), {
    host: connector.host,
    port: `${connector.port}`,
    address: connector.address,
    siteId,
    ...optional('processId', connector.processId),
    ...(secret === undefined
      ? {}
      : {
          sslProfile: connectorProfile(secret, useClientCert),
          verifyHostname: connector.verifyHostname,
        }),
  });
}

const logLevels: ReadonlySet<string> = new Set([
  'trace',
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
]);

/** Modules and levels of `router-logging`; unknown levels are left out. */
function logEntities(logging: string | undefined): RouterEntity[] {
  const entities: RouterEntity[] = [];
  for (const part of (logging ?? '').split(',')) {
    const colon = part.lastIndexOf(':');
    const module = colon < 0 ? 'DEFAULT' : part.slice(0, colon).trim().toUpperCase();
    const level = part
      .slice(colon + 1)
      .trim()
      .replace(/\+$/, '');
    if (logLevels.has(level)) entities.push(entity('log', module, { module, enable: `${level}+` }));
  }
  return entities;
}

function entity(
  type: EntityType,
  name: string,
  attributes: Readonly<Record<string, AttributeValue>>,
): RouterEntity {
  return { type, name, attributes };
}

function optional(name: string, value: AttributeValue | undefined): Record<string, AttributeValue> {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function sorted(entities: readonly RouterEntity[]): RouterEntity[] {
  return entities.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}
