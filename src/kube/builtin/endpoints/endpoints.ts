/** Endpoints (core/v1) and EndpointSlice (discovery.k8s.io/v1): where the backends of a Service are. */
import type { FieldError } from '../../field-error.ts';
import { invalid, notSupported, required } from '../../field-error.ts';
import { badAddress, ipVersion } from '../../ip-address.ts';
import { checkSubdomainName } from '../../name.ts';
import type { KubeObject } from '../../object.ts';
import { ageColumn, nameColumn } from '../../table/table.ts';
import { builtin } from '../definition.ts';
import type { Endpoints, EndpointSlice } from './endpoints-schema.ts';
import { endpointSliceSchema, endpointsSchema } from './endpoints-schema.ts';

const asEndpoints = (target: KubeObject): Endpoints => target;
const asSlice = (target: KubeObject): EndpointSlice => target;

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

/** Addresses that a row names before it only counts. */
const shownMax = 3;

function checkEndpoints(target: KubeObject): FieldError[] {
  return (asEndpoints(target).subsets ?? []).flatMap((subset, index) => {
    const place = `subsets[${index}]`;
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
    if (addresses.length + notReadyAddresses.length === 0) {
      return [required(place, 'must specify `addresses` or `notReadyAddresses`')];
    }
    const faultsOf = (list: typeof addresses, name: string): FieldError[] =>
      list.flatMap(({ ip = '' }, at) =>
        ipVersion(ip) === 0 ? [invalid(`${place}.${name}[${at}].ip`, ip, badAddress)] : [],
      );
    return [
      ...faultsOf(addresses, 'addresses'),
      ...faultsOf(notReadyAddresses, 'notReadyAddresses'),
      ...checkPorts(ports, `${place}.ports`),
    ];
  });
}

function checkPorts(ports: readonly { port?: number }[], place: string): FieldError[] {
  return ports.flatMap(({ port }, index) =>
    port === undefined || port < 1 || port > 65_535
      ? [invalid(`${place}[${index}].port`, port ?? 0, 'must be between 1 and 65535, inclusive')]
      : [],
  );
}

function checkSlice(target: KubeObject, before: KubeObject | undefined): FieldError[] {
  const { addressType = '', endpoints = [], ports = [] } = asSlice(target);
  const found: FieldError[] = [];
  if (addressType === '') found.push(required('addressType'));
  else if (!addressTypes.includes(addressType)) {
    found.push(notSupported('addressType', addressType, addressTypes));
  }
  if (before !== undefined && asSlice(before).addressType !== addressType) {
    found.push(invalid('addressType', addressType, 'field is immutable'));
  }
  for (const [index, { addresses = [] }] of endpoints.entries()) {
    const place = `endpoints[${index}].addresses`;
    if (addresses.length === 0) found.push(required(place, 'must contain at least 1 address'));
    for (const [at, address] of addresses.entries()) {
      found.push(...checkAddress(addressType, address, `${place}[${at}]`));
    }
  }
  return [
    ...found,
    ...checkPorts(
      ports.filter(({ port }) => port !== undefined),
      'ports',
    ),
  ];
}

function checkAddress(type: string, address: string, field: string): FieldError[] {
  switch (type) {
    case 'IPv4':
      return ipVersion(address) === 4 ? [] : [invalid(field, address, 'must be an IPv4 address')];
    case 'IPv6':
      return ipVersion(address) === 6 ? [] : [invalid(field, address, 'must be an IPv6 address')];
    case 'FQDN':
      return checkSubdomainName(address).map((text) => invalid(field, address, text));
    default:
      return [];
  }
}

function listText(texts: readonly string[]): string {
  if (texts.length === 0) return '<none>';
  const more = texts.length - shownMax;
  const shown = texts.slice(0, shownMax).join(',');
  return more > 0 ? `${shown} + ${more} more...` : shown;
}

function addressesText(target: KubeObject): string {
  const texts = (asEndpoints(target).subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip = '' }) => {
      const host = ipVersion(ip) === 6 ? `[${ip}]` : ip;
      return ports.length === 0 ? [ip] : ports.map(({ port = 0 }) => `${host}:${port}`);
    }),
  );
  return listText(texts);
}

/** Definition of Endpoints. */
export const endpoints = builtin({
  kind: 'Endpoints',
  listKind: 'EndpointsList',
  plural: 'endpoints',
  shortNames: ['ep'],
  description: 'Addresses of the backends of a Service.',
  schema: endpointsSchema,
  columns: [
    nameColumn,
    { name: 'Endpoints', type: 'string', description: 'The addresses.', cell: addressesText },
    ageColumn,
  ],
  validate: checkEndpoints,
});

/** Definition of EndpointSlice. */
export const endpointSlice = builtin({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  description: 'Some of the addresses of the backends of a Service.',
  hasGeneration: true,
  schema: endpointSliceSchema,
  columns: [
    nameColumn,
    {
      name: 'AddressType',
      type: 'string',
      description: 'Kind of the addresses.',
      jsonPath: '.addressType',
    },
    {
      name: 'Ports',
      type: 'string',
      description: 'The ports.',
      cell: (target) => {
        const { ports = [] } = asSlice(target);
        return ports.length === 0
          ? '<unset>'
          : listText(ports.map(({ port }) => (port === undefined ? '*' : String(port))));
      },
    },
    {
      name: 'Endpoints',
      type: 'string',
      description: 'The addresses.',
      cell: (target) => {
        const { endpoints: found = [] } = asSlice(target);
        const texts = found.flatMap(({ addresses = [] }) => addresses);
        return texts.length === 0 ? '<unset>' : listText(texts);
      },
    },
    ageColumn,
  ],
  validate: checkSlice,
});
