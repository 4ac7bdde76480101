/** The few pages of logging in: plain, without script. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { sendReply } from '#http/index.ts';
import { pageHeaders } from '../console/page-headers.ts';
import type { GatewayError } from '../errors.ts';

/** Why there is no session. */
export function sendLoginFault(
  response: ServerResponse,
  fault: GatewayError,
  auditId: string,
): void {
  const after = fault.retryAfterSeconds;
  sendPage(response, fault.httpStatus, 'Not logged in', {
    body: `<p>${escaped(fault.message)}</p>\n<p><a class="button primary" href="/login">Log in</a></p>\n<p>Record ${auditId}</p>`,
    headers: {
      'audit-id': auditId,
      ...(after === undefined ? {} : { 'retry-after': String(after) }),
      ...(fault.close ? { connection: 'close' } : {}),
    },
  });
}

/** Asks whether to log out, because following a link must not do it. */
export function sendLogoutPage(response: ServerResponse, formTargets: readonly string[]): void {
  sendPage(response, 200, 'Log out', {
    body: '<form method="post" action="/login/logout"><p><button class="button primary">Log out</button> <a class="button" href="/">Stay</a></p></form>',
    formTargets,
    // Under no-referrer browsers say of a form that it comes from nowhere.
    headers: { 'referrer-policy': 'same-origin' },
  });
}

/** Says that it is done. */
export function sendLoggedOut(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  sendPage(response, 200, 'Logged out', {
    body: '<p>The session here has ended.</p>\n<p><a class="button" href="/login">Log in</a></p>',
    headers,
  });
}

interface Page {
  /** Markup of ours. */
  readonly body: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Origins beside our own that a form may lead to. */
  readonly formTargets?: readonly string[];
}

function sendPage(response: ServerResponse, status: number, title: string, page: Page): void {
  const { body, headers, formTargets = [] } = page;
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  sendReply(response, {
    status,
    contentType: 'text/html; charset=utf-8',
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="/console/style.css">
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`,
    headers: { ...pageHeaders, 'content-security-policy': policy, ...headers },
  });
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
