/**
 * Targets that were read lately, with the route they take. Reading is a function of the text alone,
 * so what was found for the same bytes before holds now; tools ask for the same few again and again.
 */
import { parseTarget } from '../request/target.ts';
import { type Route, routeOf } from './route.ts';

/** Routes remembered; the oldest goes first. */
const knownMax = 1024;
/** Longer targets are read each time, so that memory stays bounded; characters. */
const knownCharsMax = 512;

export class KnownRoutes {
  readonly #known = new Map<string, Route>();

  /** @throws GatewayError GATEWAY_TARGET, GATEWAY_NOT_FOUND */
  read(raw: string): Route {
    const known = this.#known.get(raw);
    if (known !== undefined) return known;
    const route = routeOf(parseTarget(raw));
    if (raw.length <= knownCharsMax) this.#keep(raw, route);
    return route;
  }

  get size(): number {
    return this.#known.size;
  }

  #keep(raw: string, route: Route): void {
    this.#known.set(raw, route);
    if (this.#known.size <= knownMax) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
