/** Where the router listens for a Listener. */
import { isIP } from 'node:net';
import type { Service } from '../kinds.ts';
import type { HostPort } from './entities.ts';

/**
 * An IP address is bound as it is; a name is bound where its Service says. Undefined while there is
 * no such Service.
 */
export function listenerBind(
  wanted: HostPort,
  service: Service | undefined,
  bindOf: (service: Service) => HostPort | undefined,
): HostPort | undefined {
  if (isIP(wanted.host) !== 0) return wanted;
  return service === undefined ? undefined : bindOf(service);
}
