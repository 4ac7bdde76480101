/** A collection as a table that follows its changes, with a filter. */
import { fill, h } from '../dom.ts';
import type { Table, TableRow } from '../kube.ts';
import { followList, rowsMax } from '../live-list.ts';
import { listPath, overviewFragment, type Place, placeFragment } from '../resources.ts';
import { faultNote, heading, trail, type ViewContext } from './view.ts';

export function showList({ main, signal, say }: ViewContext, place: Place): void {
  const { resource, namespace } = place;
  const live = h('span', { class: 'live', role: 'status' });
  const filter = h('input', {
    type: 'search',
    id: 'filter',
    placeholder: 'Filter',
    'aria-label': `Filter ${resource.plural}`,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const count = h('span', { class: 'count', role: 'status' });
  const body = h('div', { class: 'table-scroll', tabindex: '0', role: 'region' });
  body.setAttribute('aria-label', `${resource.plural}, scrollable`);
  main.append(
    trail(['Overview', overviewFragment()]),
    heading(resource.plural, h('span', { class: 'where' }, namespace ?? 'all namespaces'), live),
    h('div', { class: 'bar' }, filter, count),
    body,
  );
  let latest: { readonly table: Table; readonly rows: readonly TableRow[] } | undefined;
  const draw = (): void => {
    if (!latest) return;
    const wanted = filter.value.trim().toLowerCase();
    const rows = latest.rows.filter((row) =>
      row.cells.some((cell) => cellText(cell).toLowerCase().includes(wanted)),
    );
    count.textContent =
      wanted === '' ? countText(latest.rows.length) : `${rows.length} of ${latest.rows.length}`;
    fill(body, rows.length === 0 ? empty(wanted) : tableOf(place, latest.table, rows));
  };
  filter.addEventListener('input', draw);
  void followList(
    listPath(place),
    {
      onRows: (table, rows) => {
        if (latest && latest.rows.length !== rows.length) say(countText(rows.length));
        latest = { table, rows };
        draw();
      },
      onLive: (isLive) => {
        live.textContent = isLive ? 'live' : 'reconnecting';
        live.dataset['live'] = String(isLive);
      },
      onFault: (fault) => fill(body, faultNote(fault)),
    },
    signal,
  );
}

function countText(count: number): string {
  return count >= rowsMax ? `the first ${rowsMax}` : String(count);
}

function empty(wanted: string): HTMLElement {
  return h('p', { class: 'note' }, wanted === '' ? 'There are none.' : `Nothing has "${wanted}".`);
}

function tableOf(place: Place, table: Table, rows: readonly TableRow[]): HTMLElement {
  const shown = table.columnDefinitions
    .map(({ name, priority }, index) => ({ name, priority, index }))
    .filter(({ priority }) => priority === 0);
  const spaces = place.resource.namespaced && place.namespace === undefined;
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        spaces && h('th', { scope: 'col' }, 'Namespace'),
        ...shown.map(({ name }) => h('th', { scope: 'col' }, name)),
      ),
    ),
    h(
      'tbody',
      {},
      ...rows.map(({ cells, object: { metadata } }) => {
        const { name, namespace } = metadata;
        const at = { ...place, name, ...(namespace === undefined ? {} : { namespace }) };
        const [first, ...others] = shown;
        return h(
          'tr',
          {},
          spaces && h('td', {}, namespace),
          h(
            'th',
            { scope: 'row' },
            h('a', { href: placeFragment('object', at) }, cellText(cells[first?.index ?? 0])),
          ),
          ...others.map(({ index }) => h('td', {}, cellText(cells[index]))),
        );
      }),
    ),
  );
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}
