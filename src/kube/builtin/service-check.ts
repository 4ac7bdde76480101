/** What a Service must satisfy beyond its schema, in the words of Kubernetes. */
import type { FieldError } from '../field-error.ts';
import { duplicate, invalid, notSupported, required } from '../field-error.ts';
import { badAddress, ipVersion } from '../ip-address.ts';
import { checkLabelName, checkPortName, checkPortNumber, checkSubdomainName } from '../name.ts';
import type { Service, ServicePort } from './service-schema.ts';

type Spec = NonNullable<Service['spec']>;

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const affinities = ['ClientIP', 'None'];

/** All faults of a Service. */
export function validateService(service: Service, old: Service | undefined): FieldError[] {
  const spec = service.spec ?? {};
  const found = [...checkType(spec), ...checkAddress(spec, old?.spec)];
  const ports = spec.ports ?? [];
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') {
    found.push(required('spec.ports'));
  }
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const place = `spec.ports[${index}]`;
    found.push(...checkPort(port, place, ports.length > 1));
    const { name = '', protocol = 'TCP' } = port;
    if (name !== '' && names.has(name)) found.push(duplicate(`${place}.name`, name));
    names.add(name);
    const number = `${port.port}/${protocol}`;
    if (numbers.has(number)) found.push(duplicate(place, { port: port.port, protocol }));
    numbers.add(number);
  }
  return found;
}

function checkType(spec: Spec): FieldError[] {
  const found: FieldError[] = [];
  const { type = '', sessionAffinity = 'None', externalName = '' } = spec;
  if (!types.includes(type)) found.push(notSupported('spec.type', type, types));
  if (!affinities.includes(sessionAffinity)) {
    found.push(notSupported('spec.sessionAffinity', sessionAffinity, affinities));
  }
  if (type === 'ExternalName') {
    const name = externalName.replace(/\.$/u, '');
    const messages = name === '' ? [] : checkSubdomainName(name);
    if (name === '') found.push(required('spec.externalName'));
    found.push(...messages.map((text) => invalid('spec.externalName', externalName, text)));
  }
  return found;
}

function checkAddress(spec: Spec, old: Spec | undefined): FieldError[] {
  const address = spec.clusterIP ?? '';
  const before = old?.clusterIP ?? '';
  const field = 'spec.clusterIPs[0]';
  if (spec.type !== 'ExternalName' && old?.type !== 'ExternalName' && before !== '') {
    if (before !== address) {
      return [invalid(field, spec.clusterIPs ?? [], 'may not change once set')];
    }
  }
  const first = spec.clusterIPs?.[0];
  if (first !== undefined && first !== address) {
    return [invalid(field, spec.clusterIPs, 'first value must match `clusterIP`')];
  }
  if (address === '' || address === 'None' || ipVersion(address) !== 0) return [];
  return [invalid(field, address, badAddress)];
}

function checkPort(port: ServicePort, place: string, several: boolean): FieldError[] {
  const found: FieldError[] = [];
  const { name = '', protocol = 'TCP', targetPort } = port;
  if (name === '' && several) found.push(required(`${place}.name`));
  if (name !== '') {
    found.push(...checkLabelName(name).map((text) => invalid(`${place}.name`, name, text)));
  }
  found.push(
    ...checkPortNumber(port.port).map((text) => invalid(`${place}.port`, port.port, text)),
  );
  if (!protocols.includes(protocol)) {
    found.push(notSupported(`${place}.protocol`, protocol, protocols));
  }
  if (targetPort !== undefined) {
    const messages =
      typeof targetPort === 'number' ? checkPortNumber(targetPort) : checkPortName(targetPort);
    found.push(...messages.map((text) => invalid(`${place}.targetPort`, targetPort, text)));
  }
  return found;
}
