/** Which site shows which certificate, from the connections of a router. Pure. */
import type { NetworkSite } from '../network.ts';
import type { EntityRow } from '../router-config/difference.ts';
import { routerId } from '../router-config/entities.ts';

/**
 * Who shows a certificate, for those that were made for no site in particular: names of sites, joined
 * when several use one. The routers of a site are named after it; what fits two sites tells nothing.
 */
export function namesBySerial(
  rows: readonly EntityRow[],
  network: readonly NetworkSite[],
): ReadonlyMap<string, string> {
  const names = new Map<string, Set<string>>();
  for (const { peerSerialNumber, container } of rows) {
    const serial = textIn(peerSerialNumber)?.toLowerCase();
    const router = textIn(container);
    if (serial === undefined || router === undefined) continue;
    const exact = network.filter(({ id, name }) => router.startsWith(routerId({ name, uid: id })));
    const [only, ...others] =
      exact.length > 0 ? exact : network.filter(({ name }) => router.startsWith(`${name}-`));
    if (only === undefined || others.length > 0) continue;
    names.set(serial, (names.get(serial) ?? new Set()).add(only.name));
  }
  return new Map([...names].map(([serial, all]) => [serial, [...all].toSorted().join(', ')]));
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
