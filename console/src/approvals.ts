/** Grants that wait for the person who has logged in: shown with what they open, and decided. */
import { h } from './dom.ts';
import type { Grant, Session } from './session.ts';
import { grantSentences } from './words.ts';

interface Waiting {
  readonly uid: string;
  readonly required: number;
  readonly missing: number;
  readonly approvedBy: readonly string[];
  readonly recording: string;
  readonly grant: Grant;
}

const path = '/gateway/v1/approvals';
const options: RequestInit = { credentials: 'same-origin', cache: 'no-store' };
/** As the gateway takes it; characters. */
const reasonCharsMax = 512;

/** Puts the section at the end of `place` when there is something to decide. */
export async function showApprovals(
  session: Session,
  place: HTMLElement,
  say: (text: string) => void,
): Promise<void> {
  const response = await fetch(path, options);
  if (!response.ok) return;
  const { approvals } = (await response.json()) as { readonly approvals: readonly Waiting[] };
  if (approvals.length === 0) return;
  place.append(
    h(
      'section',
      { 'aria-labelledby': 'approvals' },
      h('h2', { id: 'approvals' }, 'Waiting for your approval'),
      h('ul', { class: 'plain' }, ...approvals.map((each) => itemOf(session, each, say))),
    ),
  );
}

function itemOf(session: Session, waiting: Waiting, say: (text: string) => void): HTMLElement {
  const { grant, missing, required, approvedBy, recording, uid } = waiting;
  const id = `reason-${uid}`;
  const reason = h('input', { id, type: 'text', maxlength: String(reasonCharsMax) });
  const state = h('p', { class: 'hint', role: 'status' });
  const decide = async (decision: 'approved' | 'denied'): Promise<void> => {
    for (const button of buttons) button.disabled = true;
    const done = await post(session, waiting, decision, reason.value.trim());
    state.textContent = done.text;
    state.className = done.ok ? 'hint' : 'note note-bad';
    say(done.text);
    for (const button of buttons) button.disabled = done.ok;
  };
  const button = (text: string, decision: 'approved' | 'denied', look: string): HTMLButtonElement =>
    h(
      'button',
      {
        type: 'button',
        class: look,
        'aria-label': `${text} ${grant.name}`,
        click: () => void decide(decision),
      },
      text,
    );
  const buttons = [
    button('Approve', 'approved', 'button primary'),
    button('Deny', 'denied', 'button'),
  ];
  const facts: (readonly [string, string])[] = [
    ['Asked by', grant.issuedBy],
    ['Until', new Date(grant.expires).toLocaleString()],
    ['Approvals', `${required - missing} of ${required}`],
    ...(approvedBy.length === 0 ? [] : [['Approved by', approvedBy.join(', ')] as const]),
    ...(recording === 'always' ? [['Terminals', 'recorded'] as const] : []),
  ];
  return h(
    'li',
    { class: 'panel' },
    h('h3', {}, `${grant.name} (namespace ${grant.namespace})`),
    h('ul', { class: 'sentences' }, ...sentencesFor(grant).map((text) => h('li', {}, text))),
    h(
      'dl',
      { class: 'facts' },
      ...facts.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]),
    ),
    h('p', {}, h('label', { for: id }, 'Why (kept with the grant)'), reason),
    h('p', { class: 'buttons' }, ...buttons),
    state,
  );
}

/** The sentences speak to whoever holds the grant, which is somebody else here. */
function sentencesFor(grant: Grant): readonly string[] {
  return grantSentences(grant).map((text) => text.replace(/^You may/, 'Its holder may'));
}

async function post(
  session: Session,
  { uid, grant }: Waiting,
  decision: 'approved' | 'denied',
  reason: string,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const { namespace, name } = grant;
  const wish = { namespace, name, uid, decision, ...(reason === '' ? {} : { reason }) };
  try {
    const response = await fetch(path, {
      ...options,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-drawbridge-csrf': session.csrf },
      body: JSON.stringify(wish),
    });
    const said = (await response.json()) as {
      readonly message?: string;
      readonly missing?: number;
    };
    if (!response.ok) return { ok: false, text: said.message ?? 'That did not work.' };
    if (decision === 'denied') return { ok: true, text: `You denied ${name}: it has ended.` };
    const rest = said.missing ?? 0;
    const next = rest === 0 ? 'it can be used now.' : `it waits for ${rest} more.`;
    return { ok: true, text: `You approved ${name}: ${next}` };
  } catch {
    return { ok: false, text: 'The gateway cannot be reached.' };
  }
}
