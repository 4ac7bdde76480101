/** From Listeners and MultiKeyListeners to what the router listens on. */
import { type Front, frontOfListener, frontOfMultiKeyListener } from '../listener/front.ts';
import { planListeners } from '../listener/plan.ts';
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
  const single = objects.listeners.map((of) => ({ of, front: frontOfListener(of) }));
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
    listeners: single.flatMap(({ of, front }) => {
      const bind = bindOf(front);
      if (bind === undefined) return [];
      const address = of.spec?.routingKey ?? '';
      return [{ ...shared(front, of.spec?.observer), bind, address }];
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
