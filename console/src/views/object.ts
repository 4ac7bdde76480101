/** One object as YAML that follows its changes, and the ways into it that the grant names. */
import { fill, h } from '../dom.ts';
import { getJson, getYaml, KubeFault } from '../kube.ts';
import { followList } from '../live-list.ts';
import {
  hasCollection,
  listPath,
  overviewFragment,
  type Place,
  placeFragment,
  placePath,
} from '../resources.ts';
import { mayConnect } from '../session.ts';
import { withoutManagedFields } from '../yaml-text.ts';
import { faultNote, heading, trail, type ViewContext } from './view.ts';

interface PodLike {
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
}

export function showObject(context: ViewContext, place: Place): void {
  const { main, signal, say, places } = context;
  const { resource, namespace, name = '' } = place;
  const collection = { resource, ...(namespace === undefined ? {} : { namespace }) };
  const up = [resource.plural, placeFragment('list', collection)] as const;
  const ways = h('div', { class: 'bar' });
  const live = h('span', { class: 'live', role: 'status' });
  const text = h('pre', { class: 'yaml', tabindex: '0' });
  text.setAttribute('aria-label', `${name} as YAML`);
  const managed = h('input', { type: 'checkbox', id: 'managed' });
  main.append(
    trail(['Overview', overviewFragment()], ...(hasCollection(places, place) ? [up] : [])),
    heading(name, h('span', { class: 'where' }, `${resource.kind} ${namespace ?? ''}`), live),
    ways,
    h('label', { class: 'check' }, managed, 'Show managed fields'),
    text,
  );
  let yaml = '';
  const draw = (): void => {
    text.textContent = managed.checked ? yaml : withoutManagedFields(yaml);
  };
  managed.addEventListener('change', draw);
  const refresh = async (): Promise<void> => {
    try {
      // A rule with a selector opens lists only, also of one object.
      yaml = await getYaml(
        place.selector === undefined ? placePath(place) : listPath(place),
        signal,
      );
      draw();
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof Error)) return;
      const gone = thrown instanceof KubeFault && thrown.status === 404;
      if (gone) say(`${name} is gone`);
      fill(ways, faultNote(thrown));
    }
  };
  void refresh();
  void offerWays(context, place, ways);
  void followList(
    listPath({ ...place, name }),
    {
      onRows: () => void refresh(),
      onLive: (isLive) => {
        live.textContent = isLive ? 'live' : 'reconnecting';
        live.dataset['live'] = String(isLive);
      },
      // Who may get but not watch still sees the object as it is now.
      onFault: () => undefined,
    },
    signal,
  );
}

/** Links to logs, terminals and screens. */
async function offerWays(
  { session, signal }: ViewContext,
  place: Place,
  into: HTMLElement,
): Promise<void> {
  const { resource } = place;
  const link = (text: string, view: string, more: readonly string[] = []): HTMLElement =>
    h('a', { class: 'button', href: placeFragment(view, place, more) }, text);
  if (resource.group === 'kubevirt.io' && resource.plural === 'virtualmachineinstances') {
    if (mayConnect(session, 'vnc')) into.append(link('Screen', 'screen'));
    if (mayConnect(session, 'console')) into.append(link('Serial console', 'serial'));
    return;
  }
  if (resource.group !== '' || resource.plural !== 'pods') return;
  if (!mayConnect(session, 'log') && !mayConnect(session, 'exec')) return;
  const pod = await getJson<PodLike>(placePath(place), signal).catch((): PodLike => ({}));
  const running = (pod.spec?.containers ?? []).map((container) => container.name);
  const all = [...running, ...(pod.spec?.initContainers ?? []).map((container) => container.name)];
  if (mayConnect(session, 'log')) {
    into.append(...all.map((name) => link(`Logs of ${name}`, 'logs', [name])));
  }
  if (mayConnect(session, 'exec')) {
    into.append(...running.map((name) => link(`Terminal in ${name}`, 'terminal', [name])));
  }
}
