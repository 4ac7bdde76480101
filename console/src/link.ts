/**
 * The page that a link opens: what it grants, and a button to go on. The code is in the fragment,
 * which browsers do not send; it leaves the address at once, and a use is spent by the button only.
 */
import { fill, h, part } from './dom.ts';
import { type Grant, postCode, readSessions, Refusal, type Session } from './session.ts';
import { heading } from './views/view.ts';
import { grantSentences } from './words.ts';

const main = part('main');

/** Where the tab keeps the code until it is used, for when the page is loaded again. */
const keptCode = 'code';
/** Between two looks at a link that does not work yet; milliseconds. */
const againMs = 5000;
let again: ReturnType<typeof setTimeout> | undefined;

async function begin(code: string): Promise<void> {
  if (code === '') throw new Error('This address is not complete: open the whole link.');
  const { grant } = await postCode<{ readonly grant: Grant }>('look', { code });
  // Whoever opened it here before goes on without another use.
  const { sessions } = await readSessions();
  const open = sessions.find((each) => isSame(each.grant, grant));
  if (open !== undefined) {
    goOn(open);
    return;
  }
  if (grant.usesLeft === 0) throw new Error('This link has been used as often as it may be.');
  // Asking again after a lost answer is the same redemption.
  const nonce = randomText();
  const state = h('p', { class: 'hint', role: 'status' }, 'Nothing is used until you continue.');
  const button = h('button', { type: 'button', class: 'button primary' }, 'Continue');
  const redeem = async (): Promise<void> => {
    button.disabled = true;
    try {
      goOn(await postCode<Session>('redeem', { code, nonce }));
    } catch (thrown) {
      button.disabled = false;
      state.textContent = thrown instanceof Error ? thrown.message : 'That did not work.';
      state.className = 'note note-bad';
    }
  };
  button.addEventListener('click', () => void redeem());
  const facts: (readonly [string, string])[] = [
    ...(grant.issuedBy === '' ? [] : [['From', grant.issuedBy] as const]),
    ['Until', new Date(grant.expires).toLocaleString()],
    ['Uses left', String(grant.usesLeft)],
  ];
  fill(
    main,
    h(
      'div',
      { class: 'narrow' },
      heading('You have been given access'),
      h('ul', { class: 'sentences' }, ...grantSentences(grant).map((text) => h('li', {}, text))),
      h(
        'dl',
        { class: 'facts' },
        ...facts.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]),
      ),
      h('p', {}, button),
      state,
    ),
  );
}

function isSame(a: Grant, b: Grant): boolean {
  return a.namespace === b.namespace && a.name === b.name;
}

function goOn({ tag }: Session): void {
  sessionStorage.removeItem(keptCode);
  location.replace(`/#${tag}`);
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function start(): void {
  clearTimeout(again);
  const given = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  // Loaded again, in the same tab, before it was used.
  const code = given === '' ? (sessionStorage.getItem(keptCode) ?? '') : given;
  look(code);
}

function look(code: string): void {
  sessionStorage.setItem(keptCode, code);
  begin(code).catch((thrown: unknown) => {
    const text = thrown instanceof Error ? thrown.message : 'That did not work.';
    if (thrown instanceof Refusal && thrown.isNotYet) {
      showWaiting(code, withoutRecord(text));
      return;
    }
    // What browsers throw when nobody answers.
    if (thrown instanceof TypeError) {
      showWaiting(code, 'The gateway cannot be reached.');
      return;
    }
    showFault(
      'This link does not work',
      h('p', { role: 'alert' }, text),
      h('p', { class: 'hint' }, 'Ask whoever gave it to you for a new one.'),
    );
  });
}

/** Looks again by itself. */
function showWaiting(code: string, text: string): void {
  const shown = main.querySelector('[data-waits]');
  if (shown === null) {
    showFault(
      'This link does not work yet',
      h('p', { role: 'status', 'data-waits': true }, text),
      h('p', { class: 'hint' }, 'This page looks again by itself. Nothing is used by that.'),
    );
  } else if (shown.textContent !== text) shown.textContent = text;
  again = setTimeout(() => look(code), againMs);
}

/** Each answer has a record of its own, which is no news to whoever waits. */
function withoutRecord(text: string): string {
  const words = text.replace(/ \(audit [-0-9a-f]+\)$/, '');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function showFault(title: string, ...children: readonly HTMLElement[]): void {
  fill(main, h('div', { class: 'narrow' }, heading(title), ...children));
}

// Another link that is opened in this tab changes the fragment alone, which loads no page.
addEventListener('hashchange', () => {
  if (location.hash.length > 1) start();
});
start();
