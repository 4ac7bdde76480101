/** The way to each router, as computed last. Everything else that follows from it is kept lazily. */
import type { LinkStates, PathTree } from './path-engine.ts';
import { completeLinkStates, destinationsThrough, shortestPaths } from './path-engine.ts';

const nothing: ReadonlySet<string> = new Set();

export class Topology {
  readonly #self: string;
  #linkStates: LinkStates = new Map();
  #tree: PathTree;
  #radius = 0;
  readonly #through = new Map<string, ReadonlySet<string>>();

  constructor(self: string) {
    this.#self = self;
    this.#tree = { root: self, hops: new Map() };
  }

  compute(linkStates: LinkStates): void {
    this.#linkStates = completeLinkStates(linkStates);
    this.#tree = shortestPaths(this.#self, this.#linkStates);
    this.#through.clear();
    this.#radius = 0;
    for (const hop of this.#tree.hops.values()) {
      this.#radius = Math.max(this.#radius, hop.distance);
    }
  }

  get radius(): number {
    return this.#radius;
  }

  isReachable(router: string): boolean {
    return this.#tree.hops.has(router);
  }

  /** The neighbour towards a router (itself when it is one). */
  firstHop(router: string): string | undefined {
    return this.#tree.hops.get(router)?.first;
  }

  costTo(router: string): number | undefined {
    return this.#tree.hops.get(router)?.cost;
  }

  /** Destinations that messages from `origin` reach through us. @spec router-protocol 5.3 */
  destinationsFrom(origin: string): ReadonlySet<string> {
    if (!this.isReachable(origin)) return nothing;
    const known = this.#through.get(origin);
    if (known !== undefined) return known;
    const tree = shortestPaths(origin, this.#linkStates);
    const found = destinationsThrough(tree, this.#self);
    this.#through.set(origin, found);
    return found;
  }

  /** Origins whose messages reach `destination` through us. */
  validOrigins(destination: string): string[] {
    const origins: string[] = [];
    for (const origin of this.#tree.hops.keys()) {
      if (origin !== destination && this.destinationsFrom(origin).has(destination)) {
        origins.push(origin);
      }
    }
    return origins.toSorted();
  }
}
