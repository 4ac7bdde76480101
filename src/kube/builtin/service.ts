/** Service (core/v1). */
import type { Cell } from '../definition.ts';
import type { KubeObject } from '../object.ts';
import { checkLabel1035 } from '../name.ts';
import { ageColumn, nameColumn } from '../table/table.ts';
import { builtin } from './definition.ts';
import { validateService } from './service-check.ts';
import type { Service } from './service-schema.ts';
import { serviceSchema } from './service-schema.ts';

const asService = (target: KubeObject): Service => target;

function prepare(target: KubeObject, before: KubeObject | undefined): void {
  const service = asService(target);
  const spec = service.spec ?? {};
  service.spec = spec;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0) port.targetPort = port.port;
  }
  if (spec.type === 'ExternalName') return;
  spec.internalTrafficPolicy ??= 'Cluster';
  const old = before === undefined ? undefined : asService(before).spec;
  // An update that does not mention the address keeps it, as with a real allocator.
  if (spec.clusterIP === undefined && old?.clusterIP !== undefined && old.type !== 'ExternalName') {
    spec.clusterIP = old.clusterIP;
    if (old.clusterIPs !== undefined) spec.clusterIPs = [...old.clusterIPs];
  }
  if (spec.clusterIP === undefined && spec.clusterIPs?.[0] !== undefined) {
    spec.clusterIP = spec.clusterIPs[0];
  }
  if (spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIPs === undefined) {
    spec.clusterIPs = [spec.clusterIP];
  }
}

const none = '<none>';
const listText = (texts: readonly string[]): string =>
  texts.length === 0 ? none : texts.join(',');

function externalText(target: KubeObject): Cell {
  const { spec, status } = asService(target);
  if (spec?.type === 'ExternalName') return spec.externalName ?? '';
  const external = spec?.externalIPs ?? [];
  if (spec?.type !== 'LoadBalancer') return listText(external);
  const ingress = status?.loadBalancer?.ingress ?? [];
  const own = ingress.flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  const all = [...own, ...external];
  return all.length === 0 ? '<pending>' : all.join(',');
}

function portsText(target: KubeObject): Cell {
  const ports = asService(target).spec?.ports ?? [];
  return listText(
    ports.map(({ port, nodePort = 0, protocol = 'TCP' }) =>
      nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
    ),
  );
}

function selectorText(target: KubeObject): Cell {
  const selector = Object.entries(asService(target).spec?.selector ?? {});
  return listText(selector.map(([key, value]) => `${key}=${value}`).sort());
}

/** Definition of Service. */
export const service = builtin({
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  description: 'A name and address for a set of backends.',
  statusSubresource: true,
  schema: serviceSchema,
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'How it is reached.', jsonPath: '.spec.type' },
    {
      name: 'Cluster-IP',
      type: 'string',
      description: 'Its address.',
      cell: (target) => {
        const { spec } = asService(target);
        return spec?.clusterIPs?.[0] ?? spec?.clusterIP ?? none;
      },
    },
    { name: 'External-IP', type: 'string', description: 'Outer addresses.', cell: externalText },
    { name: 'Port(s)', type: 'string', description: 'Its ports.', cell: portsText },
    ageColumn,
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Labels of the backends.',
      cell: selectorText,
    },
  ],
  selectableFields: [{ path: 'spec.type' }, { path: 'spec.clusterIP' }],
  nameCheck: checkLabel1035,
  prepare,
  validate: (target, before) =>
    validateService(asService(target), before === undefined ? undefined : asService(before)),
});
