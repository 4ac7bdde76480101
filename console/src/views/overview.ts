/** The first page: what the link allows, and where to go. */
import { showApprovals } from '../approvals.ts';
import { h } from '../dom.ts';
import { type Place, placeFragment } from '../resources.ts';
import { grantSentences } from '../words.ts';
import { heading, type ViewContext } from './view.ts';

export function showOverview(
  { session, main, say, signal }: ViewContext,
  places: readonly Place[],
): void {
  const { grant } = session;
  const facts: (readonly [string, string])[] = [
    session.person === undefined
      ? ['Grant', `${grant.name} (namespace ${grant.namespace})`]
      : ['Logged in as', session.person],
    ...(grant.issuedBy === '' || session.person !== undefined
      ? []
      : [['Made by', grant.issuedBy] as const]),
    ['Ends', new Date(session.expires).toLocaleString()],
    // A counted redemption is spent when the page is open; what is left is for others.
    ...(grant.countPer === 'redemption' ? [] : [['Uses left', String(grant.usesLeft)] as const]),
  ];
  main.append(
    heading(session.person === undefined ? 'What this link allows' : 'What you may do'),
    h(
      'ul',
      { class: 'sentences' },
      ...grantSentences(grant).map((sentence) => h('li', {}, sentence)),
    ),
    h(
      'dl',
      { class: 'facts' },
      ...facts.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]),
    ),
  );
  if (places.length > 0) {
    main.append(
      h('h2', {}, 'Open'),
      h('ul', { class: 'cards' }, ...places.map((place) => h('li', {}, placeLink(place)))),
    );
  }
  for (const url of grant.urls) {
    if (url.includes('*')) continue;
    main.append(
      h(
        'p',
        {},
        h('a', { href: `${session.api}${url}`, target: '_blank', rel: 'noreferrer' }, url),
      ),
    );
  }
  // It comes when it comes; another view may be open by then.
  if (session.person === undefined) return;
  const section = h('div');
  main.append(section);
  showApprovals(session, section, (text) => signal.aborted || say(text)).catch(() => undefined);
}

/** A card that opens a collection or an object. */
function placeLink(place: Place): HTMLElement {
  const { resource, namespace, name } = place;
  if (place.byName === true) return nameForm(place);
  const view = name === undefined ? 'list' : 'object';
  return h(
    'a',
    { class: 'card', href: placeFragment(view, place) },
    h('strong', {}, name ?? resource.plural),
    h('span', {}, name === undefined ? (namespace ?? 'all namespaces') : resource.kind),
  );
}

/** Asks for the name of an object where the grant does not allow to list them. */
function nameForm(place: Place): HTMLElement {
  const { resource, namespace } = place;
  const name = h('input', {
    type: 'text',
    required: true,
    placeholder: 'Name',
    'aria-label': `Name in ${resource.plural}`,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
  });
  const open = (event: Event): void => {
    event.preventDefault();
    location.hash = placeFragment('object', { ...place, name: name.value.trim() });
  };
  return h(
    'form',
    { class: 'card', submit: open },
    h('strong', {}, resource.plural),
    h('span', {}, namespace ?? 'by name'),
    h('div', { class: 'bar' }, name, h('button', { class: 'button' }, 'Show')),
  );
}
