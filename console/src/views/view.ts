/** What every view gets, and the parts that they share. */
import { type Child, h } from '../dom.ts';
import type { KubeFault } from '../kube.ts';
import type { Place } from '../resources.ts';
import type { Session } from '../session.ts';

export interface ViewContext {
  readonly session: Session;
  /** What the session may open. */
  readonly places: readonly Place[];
  /** Where the view draws; empty when it begins. */
  readonly main: HTMLElement;
  /** Aborted when another view takes over. */
  readonly signal: AbortSignal;
  /** Says something to people who do not see the page. */
  readonly say: (text: string) => void;
}

/** The heading of a view; it takes the focus, so that keyboards and readers start there. */
export function heading(text: string, ...more: readonly Child[]): HTMLElement {
  const title = h('h1', { tabindex: '-1' }, text);
  queueMicrotask(() => title.focus({ preventScroll: true }));
  document.title = `${text} - Drawbridge`;
  return h('header', { class: 'view-head' }, title, ...more);
}

/** A refusal as people should read it. */
export function faultNote(fault: KubeFault | Error): HTMLElement {
  return h('p', { class: 'note note-bad', role: 'alert' }, fault.message);
}

/** Where the view is, as links. */
export function trail(...links: readonly (readonly [text: string, href: string])[]): HTMLElement {
  return h(
    'nav',
    { class: 'trail', 'aria-label': 'Where you are' },
    ...links.map(([text, href]) => h('a', { href }, text)),
  );
}

/** Opens the view anew, once what it showed has ended. */
export function againButton(): HTMLElement {
  const open = (): void => void dispatchEvent(new Event('hashchange'));
  return h('button', { type: 'button', class: 'button', click: open }, 'Open again');
}
