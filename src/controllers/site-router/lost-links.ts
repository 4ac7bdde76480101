/**
 * A site that is cut off cannot tell that its link is down: its last word stays until it has been
 * silent for long. Our own router knows at once when no link comes in any more.
 */
import type { LinkView, NetworkView } from '#telemetry/index.ts';

export class LostLinks {
  readonly #siteId: string;
  #hadLinks = false;

  constructor(siteId: string) {
    this.#siteId = siteId;
  }

  #isInner({ up, remoteSiteId }: LinkView): boolean {
    return up && remoteSiteId === this.#siteId;
  }

  /**
   * The view with links of other sites to ours down, when our routers had incoming links and have
   * none now. With some left nobody says whose they are, so the view stays as it is. A router that
   * does not count its links is never believed.
   */
  apply(view: NetworkView): NetworkView {
    const own = view.sites.find(({ id }) => id === this.#siteId);
    const routers = own?.routers ?? [];
    const counts = routers.flatMap(({ linksIn }) => linksIn ?? []);
    // Links between our own routers come in somewhere, too.
    const inner = routers.flatMap(({ links }) => links.filter((link) => this.#isInner(link)));
    const count = counts.reduce((sum, each) => sum + each, 0) - inner.length;
    this.#hadLinks ||= count > 0;
    if (counts.length === 0 || count > 0 || !this.#hadLinks) return view;
    return {
      sites: view.sites.map((site) =>
        site.id === this.#siteId
          ? site
          : {
              ...site,
              routers: site.routers.map((router) => ({
                ...router,
                links: router.links.map((link) =>
                  link.remoteSiteId === this.#siteId ? { ...link, up: false } : link,
                ),
              })),
            },
      ),
    };
  }
}
