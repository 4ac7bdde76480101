/** From Listeners and MultiKeyListeners to what the router listens on. */
import {
  type Front,
  frontOfListener,
  frontOfMultiKeyListener,
  podFrontsOf,
} from '../listener/front.ts';
import type { NetworkSite } from '../network.ts';
import { planListeners } from '../listener/plan.ts';
import type { TakenPlace } from '../listener/taken-places.ts';
import type { Listener, MultiKeyListener, Secret, Service } from '../kinds.ts';
import type { SiteRuntime } from '../runtime.ts';
import type { HostPort, ListenerInput } from './entities.ts';
import { listenerBind } from './listener-bind.ts';
import { addressesOf, type MultiListenerInput } from './multi-listener.ts';

export interface ListenerObjects {
  readonly listeners: readonly Listener[];
  readonly multiKeyListeners: readonly MultiKeyListener[];
  readonly secret: (name: string) => Secret | undefined;
  readonly service: (name: string) => Service | undefined;
  readonly services: readonly Service[];
  /** As the router sees it; undefined before its first word. */
  readonly network: readonly NetworkSite[] | undefined;
  readonly taken?: TakenPlace;
}

export interface ListenerInputs {
  readonly listeners: readonly ListenerInput[];
  readonly multiListeners: readonly MultiListenerInput[];
}

/** Those that are placed, have all they need, and whose address is known. */
export function listenerInputs(
  objects: ListenerObjects,
  runtime: Pick<SiteRuntime, 'bindOf' | 'bindsAddresses'>,
): ListenerInputs {
  const single = objects.listeners.flatMap((of) => [
    { of, front: frontOfListener(of), address: of.spec?.routingKey ?? '' },
    ...podFrontsOf(of, objects.network, objects.services).map((each) => ({ of, ...each })),
  ]);
  const multi = objects.multiKeyListeners.map((of) => ({ of, front: frontOfMultiKeyListener(of) }));
  const plan = planListeners(
    [...single, ...multi].map(({ front }) => front),
    { ...objects, bindsAddresses: runtime.bindsAddresses },
  );
  const bindOf = ({ id, host, port, portName }: Front): HostPort | undefined => {
    if (!plan.placed.has(id) || plan.problems.has(id)) return undefined;
    return listenerBind({ host, port }, objects.service(host), (service) =>
      runtime.bindOf(service, portName),
    );
  };
  return {
    listeners: single.flatMap(({ of, front, address }) => {
      const bind = bindOf(front);
      if (bind === undefined) return [];
      // What follows `listener/` in the id tells fronts of pods apart.
      const name = front.id.slice('listener/'.length);
      return [{ ...shared(front, of.spec?.observer), name, bind, address }];
    }),
    multiListeners: multi.flatMap(({ of, front }) => {
      const bind = bindOf(front);
      if (bind === undefined) return [];
      const { clientCert } = front;
      const input = { ...shared(front, of.spec.observer), bind, clientCert };
      return [{ ...input, ...addressesOf(of.spec.strategy) }];
    }),
  };
}

function shared(
  { name, secret }: Front,
  observer = '',
): Pick<ListenerInput, 'name' | 'observer' | 'secret'> {
  return {
    name,
    secret: secret === '' ? undefined : secret,
    observer: observer === '' || observer === 'auto' ? undefined : observer,
  };
}
