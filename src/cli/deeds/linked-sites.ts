/** Which sites a site is linked to, in both directions, as the network reports it. Pure. */
import type { Site } from '../api/kinds.ts';

/** A site at the other end of a link that is up. */
export interface LinkedSite {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  /** `out` for a link of ours, `in` for a link of theirs; both when each has one. */
  readonly direction: 'out' | 'in' | 'both';
}

/** The sites linked directly, each once, in the order the network lists them. */
export function linkedSites(site: Site): LinkedSite[] {
  const id = site.metadata.uid ?? '';
  const network = site.status?.network ?? [];
  const own = network.find((each) => each.id === id);
  const outgoing = new Set(
    (own?.links ?? []).flatMap((link) => (link.operational === true ? [link.remoteSiteId] : [])),
  );
  const known = new Map(network.map((each) => [each.id ?? '', each]));
  // A site that reports nothing itself is known from our own link all the same.
  const ids = new Set([...known.keys(), ...[...outgoing].map((each) => each ?? '')]);
  const found: LinkedSite[] = [];
  for (const other of ids) {
    if (other === '' || other === id) continue;
    const reported = known.get(other);
    const isOut = outgoing.has(other);
    const isIn = (reported?.links ?? []).some(
      (link) => link.remoteSiteId === id && link.operational === true,
    );
    if (!isOut && !isIn) continue;
    const named = own?.links?.find((link) => link.remoteSiteId === other)?.remoteSiteName;
    found.push({
      id: other,
      name: reported?.name ?? named ?? '',
      namespace: reported?.namespace ?? '',
      direction: isOut ? (isIn ? 'both' : 'out') : 'in',
    });
  }
  return found;
}
