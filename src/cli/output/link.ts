/** Links as people read them. */
import type { Link } from '../api/kinds.ts';
import { renderTable } from './table.ts';

/** One row per link. */
export function renderLinks(links: readonly Link[]): string {
  return renderTable(
    ['NAME', 'STATUS', 'COST', 'REMOTE SITE', 'MESSAGE'],
    links.map((each) => [
      each.metadata.name,
      each.status?.status ?? '',
      costOf(each),
      each.status?.remoteSiteName ?? '',
      each.status?.message ?? '',
    ]),
  );
}

/** The cost that counts: at least 1. */
function costOf(link: Link): string {
  return String(Math.max(1, link.spec?.cost ?? 1));
}
