/**
 * A router that is cut off cannot say so: its last word stays until it has been silent for long. Our
 * own router knows at once whom it still reaches, so it is asked whenever links change anywhere.
 */
import type { FlowRouterView, NetworkView, SiteView } from '#telemetry/index.ts';
import type { EntityRow } from '../router-config/difference.ts';

/** While somebody is lost, the router is asked again after this long: they may return. Milliseconds. */
const askAgainMs = 500;

export interface LostRoutersDeps {
  /** @throws CodedError when the router cannot be asked */
  readonly query: (type: 'connection' | 'router.node') => Promise<readonly EntityRow[]>;
  /** Another router is lost than before, or came back. */
  readonly onChange: () => void;
}

export class LostRouters {
  readonly #deps: LostRoutersDeps;
  readonly #siteId: string;
  #view: NetworkView | undefined;
  #reach: Reach | undefined;
  #digest = '';
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: LostRoutersDeps, siteId: string) {
    this.#deps = deps;
    this.#siteId = siteId;
  }

  /** The view without routers that our router does not reach. */
  apply(view: NetworkView): NetworkView {
    this.#view = view;
    const digest = linksDigest(view);
    if (digest !== this.#digest) {
      this.#digest = digest;
      this.#ask();
    }
    return this.#without(view);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #without(view: NetworkView): NetworkView {
    return this.#reach === undefined ? view : withoutLostRouters(view, this.#siteId, this.#reach);
  }

  #ask(): void {
    const { query } = this.#deps;
    Promise.all([query('router.node'), query('connection')]).then(
      ([nodes, connections]) => this.#onReach(reachOf(nodes, connections)),
      // Without an answer their silence decides, as for routers that we know nothing about.
      () => this.#onReach(undefined),
    );
  }

  #onReach(reach: Reach | undefined): void {
    const view = this.#view;
    if (this.#stopped || view === undefined) return;
    const before = this.#without(view);
    this.#reach = reach;
    const after = this.#without(view);
    if (after !== view && this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#ask();
      }, askAgainMs);
    }
    if (JSON.stringify(before) !== JSON.stringify(after)) this.#deps.onChange();
  }
}

/** Whom our router reaches. */
export interface Reach {
  /** Interior routers, by id. */
  readonly routers: ReadonlySet<string>;
  /** Peers of its own connections, by id: edge routers are known to nobody else. */
  readonly peers: ReadonlySet<string>;
}

/** @param nodes rows of type `router.node` @param connections rows of type `connection` */
export function reachOf(nodes: readonly EntityRow[], connections: readonly EntityRow[]): Reach {
  const reachable = nodes.filter(({ cost }) => cost !== undefined && cost !== null);
  return {
    routers: new Set(reachable.map(({ id }) => String(id))),
    peers: new Set(connections.map(({ container }) => String(container))),
  };
}

/** Changes when a link does, or the number of links that come in somewhere. */
export function linksDigest(view: NetworkView): string {
  const routers = view.sites.flatMap((site) => site.routers);
  return JSON.stringify(
    routers.map(({ identity, linksIn, links }) => [
      identity,
      linksIn,
      links.map((link) => [link.identity, link.up, link.peer]),
    ]),
  );
}

/**
 * The view with routers that are not reached any more: their links down, their services gone.
 * The same object when there are none.
 */
export function withoutLostRouters(view: NetworkView, siteId: string, reach: Reach): NetworkView {
  const own = view.sites.find(({ id }) => id === siteId);
  // An edge router reaches everything by its uplink and knows no other router.
  if (own === undefined || own.routers.some(({ mode }) => mode === 'edge')) return view;
  const accesses = new Set(own.routers.flatMap((router) => router.accesses));
  const isLost = (router: FlowRouterView): boolean => {
    if (router.name === '') return false;
    // Of our own site the one that was asked is there; another one may be gone.
    if (router.mode !== 'edge') return !reach.routers.has(router.name);
    const isOurs = router.links.some(({ peer }) => peer !== undefined && accesses.has(peer));
    return isOurs && !reach.peers.has(router.name);
  };
  const isCut = ({ routers }: SiteView): boolean => routers.some(isLost);
  if (!view.sites.some(isCut)) return view;
  return {
    sites: view.sites.map((site) =>
      !isCut(site)
        ? site
        : { ...site, routers: site.routers.map((each) => (isLost(each) ? silenced(each) : each)) },
    ),
  };
}

function silenced(router: FlowRouterView): FlowRouterView {
  return {
    ...router,
    links: router.links.map((link) => ({ ...link, up: false })),
    listeners: [],
    connectors: [],
  };
}
