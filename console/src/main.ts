/** Entry of the console: who is here, what they may, and which view the address asks for. */
import { countDown } from './countdown.ts';
import { fill, h, part } from './dom.ts';
import { useApi } from './kube.ts';
import { findPlaces, type Place, tagOfAddress } from './resources.ts';
import { leaveSession, mayConnect, readSession, readSessions, type Session } from './session.ts';
import { showList } from './views/list.ts';
import { showLogs } from './views/logs.ts';
import { showObject } from './views/object.ts';
import { showOverview } from './views/overview.ts';
import { faultNote, heading, type ViewContext } from './views/view.ts';

/** How often it is asked whether the session still stands; milliseconds. */
const checkMs = 2000;

const timeIsOver = ['Time is over', 'This access has ended. Ask for a new link to go on.'] as const;

const main = part('main');
const spoken = part('spoken');
let current = new AbortController();

/** Says a text to screen readers. */
function say(text: string): void {
  spoken.textContent = '';
  requestAnimationFrame(() => {
    spoken.textContent = text;
  });
}

function showEnd(title: string, text: string, canLogIn: boolean): void {
  current.abort();
  for (const id of ['left', 'leave', 'reader', 'login', 'logout', 'person']) {
    part(id).hidden = true;
  }
  const door = canLogIn
    ? [h('p', {}, h('a', { class: 'button primary', href: loginAddress() }, 'Log in'))]
    : [];
  fill(main, h('div', { class: 'end' }, heading(title), h('p', {}, text), ...door));
  say(title);
}

/** Where to log in, and to come back to the view that is open now. */
function loginAddress(): string {
  const [, ...view] = location.hash.slice(1).split('/');
  const to = view.join('/');
  return to === '' ? '/login' : `/login?to=${encodeURIComponent(to)}`;
}

async function begin(): Promise<void> {
  const { sessions, canLogIn } = await readSessions();
  if (tagOfAddress() === '') await chooseSession(sessions);
  const tag = tagOfAddress();
  const found = tag === '' ? undefined : await readSession(tag);
  if (!found) {
    const text = canLogIn
      ? 'Log in, or open a link that somebody gave you.'
      : 'Open the link that you were given, or ask for a new one.';
    showEnd('No access here', text, canLogIn);
    return;
  }
  const { session, nowMs } = found;
  showPerson(session, canLogIn && !sessions.some(({ person }) => person !== undefined));
  useApi(session.api);
  part('reader').hidden = !['exec', 'attach', 'console'].some((way) => mayConnect(session, way));
  const countdown = countDown({
    element: part('left'),
    endsAtMs: Date.parse(session.expires),
    serverNowMs: nowMs,
    say,
    onEnd: () => finish(...timeIsOver, session.person !== undefined),
  });
  const check = async (): Promise<void> => {
    // Out of reach is no answer; the time still runs.
    const answer = await readSession(tag).catch((): 'away' => 'away');
    showAway(answer === 'away');
    if (answer !== undefined) return;
    // The gateway's clock may be a moment ahead.
    const again = session.person !== undefined;
    if (countdown.leftMs() < checkMs) finish(...timeIsOver, again);
    else if (again) finish('Access has ended', 'You were logged out, or it was revoked.', true);
    else {
      const text = 'It was revoked or has ended. Ask for a new link to go on.';
      finish('Access has ended', text, false);
    }
  };
  const watch = setInterval(() => void check(), checkMs);
  const finish = (title: string, text: string, again: boolean): void => {
    clearInterval(watch);
    showAway(false);
    countdown.stop();
    removeEventListener('hashchange', go);
    showEnd(title, text, again);
  };
  part('leave').addEventListener('click', () => {
    const text = 'The session is closed, and this page can be closed too.';
    void leaveSession(session).then(() => finish('You have left', text, false));
  });
  const places = await findPlaces(session.grant).catch((): readonly Place[] => []);
  const go = (): void => {
    // Another session is another page: nothing of this one is kept.
    if (tagOfAddress() === tag) void show(session, places);
    else location.reload();
  };
  addEventListener('hashchange', go);
  go();
}

/** Says that the gateway does not answer, until it does. */
function showAway(away: boolean): void {
  const note = part('away');
  if (note.hidden !== away) return;
  note.hidden = !away;
  say(away ? 'The gateway cannot be reached' : 'The gateway is back');
}

/** Without a session in the address: the only one of this browser, or a choice. */
async function chooseSession(sessions: readonly Session[]): Promise<void> {
  const [only] = sessions;
  if (only && sessions.length === 1) {
    location.hash = only.tag;
    return;
  }
  if (sessions.length === 0) return;
  await new Promise<void>((resolve) => {
    const links = sessions.map((session) => {
      const link = h('a', { class: 'card', href: `#${session.tag}` }, nameOf(session));
      link.addEventListener('click', () => setTimeout(resolve));
      return h('li', {}, link);
    });
    fill(main, heading('Which access?'), h('ul', { class: 'cards' }, ...links));
  });
}

/** A session in a list of them. */
function nameOf({ person, grant }: Session): string {
  return person === undefined ? grant.name : `Logged in as ${person}`;
}

/** Who is here, and the way in or out that goes with it. */
function showPerson({ person }: Session, canLogIn: boolean): void {
  const who = part('person');
  if (person !== undefined) {
    who.textContent = person;
    who.title = `Logged in as ${person}`;
    who.setAttribute('aria-label', who.title);
  }
  who.hidden = person === undefined;
  part('logout').hidden = person === undefined;
  part('leave').hidden = person !== undefined;
  part('login').hidden = person !== undefined || !canLogIn;
}

async function show(session: Session, places: readonly Place[]): Promise<void> {
  current.abort();
  current = new AbortController();
  main.replaceChildren();
  const context: ViewContext = { session, places, main, signal: current.signal, say };
  const [, view = '', ...rest] = location.hash.split('/').map(decodeURIComponent);
  const [group = '', version = '', plural = '', namespace = '', name = '', extra = ''] = rest;
  const place = placeAt(places, { group, version, plural }, namespace, name);
  try {
    if (view === 'list') showList(context, place);
    else if (view === 'object') showObject(context, place);
    else if (view === 'logs') showLogs(context, place, extra);
    else if (view === 'terminal') {
      (await import('./views/terminal.ts')).showTerminal(context, place, extra);
    } else if (view === 'serial') (await import('./views/serial.ts')).showSerial(context, place);
    else if (view === 'screen') (await import('./views/screen.ts')).showScreen(context, place);
    else showOverview(context, places);
  } catch (thrown) {
    if (thrown instanceof Error) main.append(faultNote(thrown));
  }
}

/** The place of an address; what discovery did not name is taken at its word and asked for. */
function placeAt(
  places: readonly Place[],
  of: { readonly group: string; readonly version: string; readonly plural: string },
  namespace: string,
  name: string,
): Place {
  const alike = places.filter(
    ({ resource }) => resource.group === of.group && resource.plural === of.plural,
  );
  const known = alike.find((place) => place.namespace === namespace) ?? alike[0];
  const resource = known?.resource ?? { ...of, kind: of.plural, namespaced: namespace !== '' };
  return {
    resource,
    ...(namespace === '' ? {} : { namespace }),
    ...(name === '' ? {} : { name }),
    ...(known?.selector === undefined ? {} : { selector: known.selector }),
  };
}

/** Dark, light, or what the system says. */
function setUpTheme(): void {
  const button = part('theme');
  const kept = localStorage.getItem('theme');
  if (kept === 'dark' || kept === 'light') document.documentElement.dataset['theme'] = kept;
  button.addEventListener('click', () => {
    const dark =
      document.documentElement.dataset['theme'] === 'dark' ||
      (document.documentElement.dataset['theme'] === undefined &&
        matchMedia('(prefers-color-scheme: dark)').matches);
    const next = dark ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    localStorage.setItem('theme', next);
    say(`${next} colours`);
  });
}

/** Terminals tell their text to screen readers only when asked: it is slow and loud. */
function setUpReader(): void {
  const button = part('reader');
  button.addEventListener('click', () => {
    const on = button.dataset['on'] !== 'true';
    button.dataset['on'] = String(on);
    button.setAttribute('aria-pressed', String(on));
    say(on ? 'terminals are read aloud' : 'terminals are silent');
  });
}

setUpTheme();
setUpReader();
begin().catch((thrown: unknown) => {
  fill(main, faultNote(thrown instanceof Error ? thrown : new Error('The page failed to start.')));
});
