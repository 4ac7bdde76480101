/**
 * The page that a link opens. It only shows what the link grants; going on is a click, and the code
 * stays in the fragment, which browsers do not send. Other pages of the gateway come from elsewhere.
 */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendReply } from '#http/index.ts';

/** Where links lead: `https://host/l#CODE`. */
export const linkPath = '/l';

const style = `
:root{color-scheme:light dark;font:1.05rem/1.5 system-ui,sans-serif}
body{margin:0;display:grid;min-height:100vh;place-items:center}
main{max-width:34rem;padding:1.5rem}
button{font:inherit;padding:.6rem 1.4rem;border-radius:.4rem;cursor:pointer}
dt{font-weight:600}dd{margin:0 0 .6rem}
`.trim();

const script = `
const main = document.querySelector('main');
const say = (text) => { document.querySelector('#state').textContent = text; };
const code = location.hash.slice(1);
history.replaceState(null, '', location.pathname);
const post = async (verb, body) => {
  const answer = await fetch('/gateway/v1/' + verb, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw value;
  return value;
};
const row = (list, name, value) => {
  const term = document.createElement('dt');
  const text = document.createElement('dd');
  term.textContent = name;
  text.textContent = value;
  list.append(term, text);
};
const ruleText = (rule) => (rule.effect === 'deny' ? 'not: ' : '') + rule.verbs.join(', ') + ' ' +
  (rule.resources || ['everything']).join(', ') +
  (rule.resourceNames ? ' ' + rule.resourceNames.join(', ') : '') +
  (rule.namespaces ? ' in ' + rule.namespaces.join(', ') : '');
const nonce = Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => byte.toString(16).padStart(2, '0')).join('');
const start = async () => {
  if (code === '') return say('This address is not complete: open the whole link.');
  const { grant } = await post('look', { code });
  const list = document.querySelector('dl');
  for (const rule of grant.rules) row(list, 'Allows', ruleText(rule));
  if (grant.connect.length > 0) row(list, 'Opens', grant.connect.join(', '));
  for (const url of grant.urls) row(list, 'Path', url);
  row(list, 'Until', new Date(grant.expires).toLocaleString());
  row(list, 'Uses left', String(grant.usesLeft));
  if (grant.issuedBy !== '') row(list, 'From', grant.issuedBy);
  const button = document.createElement('button');
  button.textContent = 'Continue';
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const session = await post('redeem', { code, nonce });
      location.replace('/#' + session.tag);
    } catch (fault) {
      button.disabled = false;
      say(fault.message);
    }
  });
  main.append(button);
  say('Nothing is used until you continue.');
  button.focus();
};
start().catch((fault) => say(fault.message));
`.trim();

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>Access</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>You have been given access</h1>
<p id="state" role="status">Looking at the link…</p>
<dl></dl>
<noscript>This page needs JavaScript.</noscript>
</main>
<script type="module">${script}</script>
</body>
</html>
`;

const hash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Headers of pages of the gateway itself. @param inline hashes of inline scripts and styles */
export function pageHeaders(scripts: readonly string[], styles: readonly string[]) {
  return {
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${["'self'", ...scripts].join(' ')}`,
      `style-src ${["'self'", ...styles].join(' ')}`,
      "img-src 'self' data:",
      "connect-src 'self'",
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    'strict-transport-security': 'max-age=31536000',
    'cache-control': 'no-store',
  };
}

const headers = pageHeaders([hash(script)], [hash(style)]);

/** Sends the page. */
export function sendLinkPage(response: ServerResponse): void {
  sendReply(response, {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: page,
    headers,
  });
}
