/**
 * Where routers in pods listen for Services: each port of a listener Service gets a port of its own
 * in the pod, the lowest free one from 1024, and keeps it as long as the Service has it.
 */
import { labelOf } from '#kube/index.ts';
import { ControllerError } from '../errors.ts';
import type { Service } from '../kinds.ts';
import { labels } from '../names.ts';

const firstPort = 1024;
const lastPort = 65_535;
/** Ports that every router has. */
const taken = [5671, 5672, 9000, 9090, 9191, 45_671, 55_671];

export class TargetPorts {
  /** What was given out and may not be in the cache of Services yet: by namespace and Service port. */
  readonly #given = new Map<string, Map<string, number>>();

  /**
   * @param services all of the namespace
   * @returns a target port for each name
   * @throws ControllerError CONTROLLER_NO_FREE_PORT
   */
  choose(
    namespace: string,
    service: string,
    names: readonly string[],
    services: readonly Service[],
  ): ReadonlyMap<string, number> {
    const known = knownPorts(services);
    const given = this.#given.get(namespace) ?? new Map<string, number>();
    this.#given.set(namespace, given);
    const used = new Set<number>([...taken, ...known.values(), ...given.values()]);
    const chosen = new Map<string, number>();
    for (const name of names) {
      const id = `${service}/${name}`;
      const port = known.get(id) ?? given.get(id) ?? lowestFree(used);
      used.add(port);
      given.set(id, port);
      chosen.set(name, port);
    }
    return chosen;
  }

  /** A Service is gone, and its ports are free. */
  release(namespace: string, service: string): void {
    const given = this.#given.get(namespace);
    for (const id of given?.keys() ?? []) {
      if (id.startsWith(`${service}/`)) given?.delete(id);
    }
  }
}

function knownPorts(services: readonly Service[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (const service of services) {
    if (labelOf(service, labels.listener) === undefined) continue;
    for (const { name = '', targetPort } of service.spec?.ports ?? []) {
      if (typeof targetPort === 'number') known.set(`${service.metadata.name}/${name}`, targetPort);
    }
  }
  return known;
}

function lowestFree(used: ReadonlySet<number>): number {
  for (let port = firstPort; port <= lastPort; port++) if (!used.has(port)) return port;
  throw new ControllerError('CONTROLLER_NO_FREE_PORT', 'no free port in the router pod', {
    retry: 'backoff',
  });
}
