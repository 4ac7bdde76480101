/** Makes and keeps the Services that stand before routers. */
import { equalJson, type KubeObject, ownerReferenceTo } from '#kube/index.ts';
import { createOrUpdate } from '#kubeclient/index.ts';
import type { ControllerContext } from './context.ts';
import { ControllerError } from './errors.ts';
import { type Service, service } from './kinds.ts';
import { annotations } from './names.ts';
import type { Placement, PlacementRequest } from './runtime.ts';

export interface ServiceWish {
  readonly purpose: PlacementRequest['purpose'];
  readonly namespace: string;
  readonly name: string;
  readonly ports: PlacementRequest['ports'];
  readonly accessType?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  readonly owner: KubeObject;
  /** True for a Service that may be changed; any other one is left alone. */
  readonly isOurs: (existing: Service) => boolean;
}

/**
 * Makes the Service or brings it in line.
 * @throws ControllerError CONTROLLER_NOT_OURS when somebody else's has the name
 */
export async function ensureService(
  context: ControllerContext,
  wish: ServiceWish,
): Promise<Service | undefined> {
  const key = { namespace: wish.namespace, name: wish.name };
  const known = context.informers.of(service).get(key);
  if (known !== undefined && !wish.isOurs(known)) throw notOurs(wish.name);
  const placement = await context.runtime.place({ ...wish, existing: known });
  const cannotMove =
    known !== undefined &&
    placement.clusterIP !== undefined &&
    known.spec?.clusterIP !== placement.clusterIP;
  // The address of a Service is fixed for its life.
  if (cannotMove) {
    await context.client.remove(service, key, { uid: known.metadata.uid ?? '' });
  }
  const written = await createOrUpdate(
    context.client,
    service,
    key,
    (existing) => {
      if (existing !== undefined && !wish.isOurs(existing)) throw notOurs(wish.name);
      return context.runtime.decorated(shape(wish, placement, existing));
    },
    cannotMove ? undefined : known,
  );
  return written?.object;
}

function shape(wish: ServiceWish, placement: Placement, existing: Service | undefined): Service {
  const before = existing?.spec;
  const ports = placement.ports.map(({ name, port, targetPort }) => ({
    ...before?.ports?.find((each) => each.name === name),
    name,
    port,
    protocol: 'TCP',
    targetPort,
  }));
  const owners = existing?.metadata.ownerReferences ?? [];
  const reference = ownerReferenceTo(wish.owner, false);
  const owned = owners.some(({ uid }) => uid === reference.uid);
  return {
    ...(existing ?? { apiVersion: 'v1', kind: 'Service' }),
    metadata: {
      ...existing?.metadata,
      name: wish.name,
      namespace: wish.namespace,
      labels: { ...existing?.metadata.labels, ...wish.labels },
      annotations: { ...existing?.metadata.annotations, [annotations.controlled]: 'true' },
      ownerReferences: owned ? owners : [...owners, reference],
    },
    spec: {
      ...before,
      ...(placement.type === undefined ? {} : { type: placement.type }),
      selector: { ...wish.selector },
      ports: before?.ports !== undefined && equalJson(before.ports, ports) ? before.ports : ports,
      ...(placement.clusterIP === undefined ? {} : { clusterIP: placement.clusterIP }),
    },
  };
}

function notOurs(name: string): ControllerError {
  return new ControllerError('CONTROLLER_NOT_OURS', `Service ${name} already exists in namespace`, {
    retry: 'backoff',
  });
}
