/** The entities of a router with their attributes, as data. @spec router-protocol 10.3 */
import { type AttributeSpec, settable as c, shown as r } from './attribute.ts';
import { entityPrefix, type EntitySpec, entityType } from './entity-spec.ts';

const required = { required: true } as const;
const updatable = { update: true } as const;

const roles = ['normal', 'inter-router', 'route-container', 'edge', 'inter-edge'] as const;

const router = entityType(
  'router',
  '',
  [
    c('id', 'string'),
    c('vanId', 'string'),
    c('mode', 'string', { default: 'standalone', values: ['standalone', 'interior', 'edge'] }),
    c('area', 'string', { default: '0' }),
    r('version', 'string'),
    c('hostName', 'string'),
    c('helloIntervalSeconds', 'integer', { default: 1 }),
    c('helloMaxAgeSeconds', 'integer', { default: 3 }),
    c('raIntervalSeconds', 'integer', { default: 30 }),
    c('raIntervalFluxSeconds', 'integer', { default: 4 }),
    c('remoteLsMaxAgeSeconds', 'integer', { default: 60 }),
    c('unreachableHoldoffSeconds', 'integer', { default: 1 }),
    c('workerThreads', 'integer', { default: 4 }),
    c('debugDumpFile', 'string'),
    c('saslConfigDir', 'string'),
    c('saslConfigName', 'string', { default: 'skrouterd' }),
    c('timestampsInUTC', 'boolean', { default: false }),
    c('timestampFormat', 'string'),
    c('defaultDistribution', 'string', {
      default: 'balanced',
      values: ['multicast', 'closest', 'balanced', 'unavailable'],
    }),
    c('metadata', 'string'),
    c('dataConnectionCount', 'string', { default: 'auto' }),
    c('dropTcpConnections', 'boolean', { default: true }),
  ],
  { configurable: true },
);

/** What listeners and connectors of AMQP have in common. */
const endpoint: readonly AttributeSpec[] = [
  c('host', 'string', { default: '' }),
  c('port', 'string', { default: 'amqp' }),
  c('role', 'string', { default: 'normal', values: roles }),
  c('cost', 'integer', { default: 1 }),
  c('sslProfile', 'string'),
  c('saslMechanisms', 'string'),
  c('maxFrameSize', 'integer', { default: 16_384 }),
  c('maxSessions', 'integer', { default: 32_768 }),
  c('maxSessionFrames', 'integer'),
  c('idleTimeoutSeconds', 'integer', { default: 16 }),
  c('stripAnnotations', 'string', { default: 'both', values: ['in', 'out', 'both', 'no'] }),
  c('linkCapacity', 'integer'),
  c('messageLoggingComponents', 'string', { default: 'none' }),
  c('policyVhost', 'string'),
  c('openProperties', 'map'),
  c('routeContainer', 'boolean', { default: false }),
];

const listener = entityType('listener', 'CD', [
  ...endpoint,
  c('socketAddressFamily', 'string'),
  c('authenticatePeer', 'boolean', { default: false }),
  c('requireEncryption', 'boolean', { default: false }),
  c('requireSsl', 'boolean', { default: false }),
  c('initialHandshakeTimeoutSeconds', 'integer', { default: 0 }),
  c('failoverUrls', 'string'),
  c('http', 'boolean', { default: false }),
  c('httpRootDir', 'string'),
  c('healthz', 'boolean', { default: true }),
  c('metrics', 'boolean', { default: true }),
  c('websockets', 'boolean', { default: true }),
  r('operStatus', 'string', 'down'),
  r('boundPort', 'integer'),
]);

const connector = entityType('connector', 'CD', [
  ...endpoint,
  c('proxyProfile', 'string'),
  c('verifyHostname', 'boolean', { default: true }),
  c('allowRedirect', 'boolean', { default: true }),
  c('saslUsername', 'string'),
  c('saslPassword', 'string'),
  r('failoverUrls', 'string'),
  r('connectionStatus', 'string', 'CONNECTING'),
  r('connectionMsg', 'string', ''),
]);

const sslProfile = entityType('sslProfile', 'CUD', [
  c('caCertFile', 'string', updatable),
  c('certFile', 'string', updatable),
  c('privateKeyFile', 'string', updatable),
  c('password', 'string', updatable),
  c('ciphers', 'string', updatable),
  c('protocols', 'string', updatable),
  c('ordinal', 'integer', { update: true, default: 0 }),
  c('oldestValidOrdinal', 'integer', { update: true, default: 0 }),
  c('uidFormat', 'string'),
  c('uidNameMappingFile', 'string'),
]);

const proxyProfile = entityType('proxyProfile', 'CUD', [
  c('host', 'string', updatable),
  c('port', 'string', updatable),
  c('username', 'string', updatable),
  c('password', 'string', updatable),
]);

const tcpCounters: readonly AttributeSpec[] = [
  r('bytesIn', 'integer', 0),
  r('bytesOut', 'integer', 0),
  r('connectionsOpened', 'integer', 0),
  r('connectionsClosed', 'integer', 0),
];

const tcpListener = entityType('tcpListener', 'CUD', [
  c('address', 'string'),
  c('host', 'string', { default: '' }),
  c('port', 'string', required),
  c('siteId', 'string'),
  c('processId', 'string'),
  c('sslProfile', 'string'),
  c('authenticatePeer', 'boolean', { default: false }),
  c('verifyHostname', 'boolean'),
  c('backlog', 'integer', { default: 0 }),
  c('multiAddressStrategy', 'string', {
    default: 'none',
    values: ['none', 'priority', 'weighted'],
  }),
  c('observer', 'string', { update: true, default: 'auto' }),
  // Ours: other routers of the same user may listen there, too. Without a default, as other routers
  // do not know it.
  c('sharePort', 'boolean', updatable),
  ...tcpCounters,
  r('operStatus', 'string', 'down'),
  r('connectionMsg', 'string', ''),
  r('boundPort', 'integer'),
]);

const tcpConnector = entityType('tcpConnector', 'CD', [
  c('address', 'string', required),
  c('host', 'string', required),
  c('port', 'string', required),
  c('siteId', 'string'),
  c('processId', 'string'),
  c('sslProfile', 'string'),
  c('verifyHostname', 'boolean', { default: true }),
  ...tcpCounters,
  r('connectionMsg', 'string', ''),
]);

const listenerAddress = entityType('listenerAddress', 'CD', [
  c('address', 'string', required),
  c('value', 'integer', { default: 0 }),
  c('listener', 'string', required),
  r('connectionsOpened', 'integer', 0),
]);

const configAddress = entityType('router.config.address', 'CD', [
  c('prefix', 'string'),
  c('pattern', 'string'),
  c('distribution', 'string', {
    default: 'balanced',
    values: ['multicast', 'closest', 'balanced', 'unavailable'],
  }),
  c('priority', 'integer', { default: -1 }),
]);

const autoLink = entityType('router.config.autoLink', 'CD', [
  c('address', 'string', required),
  c('direction', 'string', { required: true, values: ['in', 'out'] }),
  c('containerId', 'string'),
  c('connection', 'string'),
  c('externalAddress', 'string'),
]);

const routerNode = entityType('router.node', '', [
  r('id', 'string'),
  r('protocolVersion', 'integer'),
  r('instance', 'integer'),
  r('linkState', 'list'),
  r('nextHop', 'string'),
  r('validOrigins', 'list'),
  r('address', 'string'),
  r('routerLink', 'integer'),
  r('cost', 'integer'),
  r('lastTopoChange', 'integer'),
  r('index', 'integer'),
]);

const routerAddress = entityType('router.address', '', [
  r('distribution', 'string'),
  r('inProcess', 'integer'),
  r('subscriberCount', 'integer'),
  r('remoteCount', 'integer'),
  r('containerCount', 'integer'),
  r('remoteHostRouters', 'list'),
  r('deliveriesIngress', 'integer'),
  r('deliveriesEgress', 'integer'),
  r('deliveriesTransit', 'integer'),
  r('deliveriesToContainer', 'integer'),
  r('deliveriesFromContainer', 'integer'),
  r('key', 'string'),
  r('priority', 'integer', -1),
  r('watch', 'boolean', false),
]);

const routerLink = entityType('router.link', '', [
  r('linkName', 'string'),
  r('linkType', 'string'),
  r('linkDir', 'string'),
  r('owningAddr', 'string'),
  r('connectionId', 'string'),
  r('capacity', 'integer'),
  r('undeliveredCount', 'integer'),
  r('unsettledCount', 'integer'),
  r('deliveryCount', 'integer'),
  r('creditAvailable', 'integer'),
  r('adminStatus', 'string'),
  r('operStatus', 'string'),
  r('priority', 'integer'),
]);

const connection = entityType('connection', 'U', [
  r('container', 'string'),
  r('host', 'string'),
  r('role', 'string'),
  r('dir', 'string'),
  r('opened', 'boolean'),
  r('active', 'boolean'),
  r('operStatus', 'string'),
  c('adminStatus', 'string', { update: true, values: ['enabled', 'deleted'] }),
  r('protocol', 'string'),
  r('ssl', 'boolean'),
  r('sslProto', 'string'),
  r('sslCipher', 'string'),
  r('isEncrypted', 'boolean'),
  r('isAuthenticated', 'boolean'),
  r('sasl', 'string'),
  r('user', 'string'),
  r('properties', 'map'),
  r('uptimeSeconds', 'integer'),
  r('lastDlvSeconds', 'integer'),
  r('meshId', 'string'),
  r('tlsOrdinal', 'integer'),
  r('peerSerialNumber', 'string'),
  r('groupCorrelationId', 'string'),
  r('groupOrdinal', 'integer'),
  c('enableProtocolTrace', 'boolean', { update: true }),
]);

/** Ours: peers that show a certificate of this serial number are refused. */
const revokedCertificate = entityType(
  'revokedCertificate',
  'CD',
  [
    c('serialNumber', 'string', required),
    r('closedConnections', 'integer', 0),
    r('refusedConnections', 'integer', 0),
  ],
  { configurable: false },
);

const tcpConnection = entityType('tcpConnection', '', [
  r('address', 'string'),
  r('host', 'string'),
  r('direction', 'string'),
  r('bytesIn', 'integer'),
  r('bytesOut', 'integer'),
  r('uptimeSeconds', 'integer'),
  r('lastInSeconds', 'integer'),
  r('lastOutSeconds', 'integer'),
]);

const site = entityType(
  'site',
  '',
  [
    c('location', 'string'),
    c('provider', 'string'),
    c('platform', 'string'),
    c('namespace', 'string'),
    c('version', 'string'),
  ],
  { configurable: true },
);

const network = entityType('network', 'U', [
  c('networkId', 'string', updatable),
  c('tenantId', 'string', updatable),
]);

const log = entityType(
  'log',
  'U',
  [
    c('module', 'string'),
    c('enable', 'string', { update: true, default: 'default' }),
    c('includeTimestamp', 'boolean', updatable),
    c('includeSource', 'boolean', updatable),
    c('outputFile', 'string', updatable),
  ],
  { configurable: true },
);

const routerMetrics = entityType('routerMetrics', '', [
  r('id', 'string'),
  r('addrCount', 'integer'),
  r('linkCount', 'integer'),
  r('nodeCount', 'integer'),
  r('connectionCount', 'integer'),
  r('uptimeSeconds', 'integer'),
  r('memoryUsage', 'integer'),
]);

/** All types. */
export const entityTypes: readonly EntitySpec[] = [
  router,
  listener,
  connector,
  sslProfile,
  proxyProfile,
  tcpListener,
  tcpConnector,
  listenerAddress,
  configAddress,
  autoLink,
  routerNode,
  routerAddress,
  routerLink,
  connection,
  revokedCertificate,
  tcpConnection,
  site,
  network,
  log,
  routerMetrics,
];

/** Names of configuration files for types that management calls otherwise. */
const aliases: ReadonlyMap<string, EntitySpec> = new Map([
  ['address', configAddress],
  ['autoLink', autoLink],
]);

/** The type of a name, full or short; undefined for unknown ones. */
export function findEntityType(name: string): EntitySpec | undefined {
  const short = name.startsWith(entityPrefix) ? name.slice(entityPrefix.length) : name;
  return entityTypes.find((spec) => spec.short === short) ?? aliases.get(short);
}
