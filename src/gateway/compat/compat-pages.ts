/** What browsers get of the compatible face: the session cookie, the way to a screen, a form. */
import { createHash } from 'node:crypto';
import { checkLabelName, checkSubdomainName } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import type { Query } from '../request/target.ts';

/** The cookie that carries the token. */
export const linkCookie = 'kg-jwt-session-code';

/**
 * The token that a browser sends.
 * @throws GatewayError GATEWAY_REQUEST when the cookie comes twice: one of them was planted
 */
export function linkTokenOf(cookies: string | undefined): string | undefined {
  const found = (cookies ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${linkCookie}=`));
  if (found.length > 1) {
    throw new GatewayError('GATEWAY_REQUEST', 'the session cookie was sent twice', { close: true });
  }
  return found[0]?.slice(linkCookie.length + 1);
}

/** @param secure the browser came by TLS */
export function setLinkCookie(token: string, secure: boolean): string {
  return `${linkCookie}=${token}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

export interface SetParameters {
  readonly token: string;
  readonly name: string;
  readonly namespace: string;
}

/** @throws GatewayError GATEWAY_REQUEST for anything but plain names and a token */
export function readSetParameters(query: Query): SetParameters {
  const one = (key: string): string => {
    const values = query.filter(([name]) => name === key).map(([, value]) => value);
    if (values.length > 1) throw refused(`${key} comes twice`);
    return values[0] ?? '';
  };
  const [token, name, namespace] = [one('token'), one('name'), one('namespace')];
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) {
    throw refused('token must be a signed token');
  }
  if (checkSubdomainName(name).length > 0) throw refused('name must be the name of a machine');
  if (checkLabelName(namespace).length > 0) throw refused('namespace must be a namespace');
  return { token, name, namespace };
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why);
}

/** Where the browser goes with its cookie. */
export function screenLocation(
  clientPath: string,
  apiPath: string,
  { name, namespace }: SetParameters,
): string {
  const path = `${apiPath.slice(1)}apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/vnc`;
  return `${clientPath}?path=${path}`;
}

const script = `
const asked = new URLSearchParams(location.search);
const form = document.querySelector('form');
for (const name of ['token', 'name', 'namespace']) form.elements[name].value = asked.get(name) ?? '';
history.replaceState(null, '', location.pathname);
if (['token', 'name', 'namespace'].every((name) => form.elements[name].value !== '')) form.submit();
`.trim();

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>Log in</title>
<link rel="stylesheet" href="/console/style.css">
</head>
<body>
<main>
${body}
</body>
</html>
`;
}

/** Where people log in at the OAuth server of the cluster; no token of a link opens anything then. */
export const oauthLoginPage: string = page(`<h1>Log in</h1>
<p>You act in the cluster as yourself.</p>
<p><a class="button primary" href="/auth/login">Log in with OpenShift</a> <a class="button" href="/auth/logout">Log out</a></p>
</main>`);

/** The helper page: a form that posts the token, by itself when all of it is in the address. */
export const loginPage: string = page(`<h1>Log in with a token</h1>
<form method="post" action="/auth/jwt/set">
<p><label>Token<br><textarea name="token" rows="6" cols="60" required></textarea></label></p>
<p><label>Name of the machine<br><input name="name" required></label></p>
<p><label>Namespace<br><input name="namespace" required></label></p>
<p><button class="button primary">Log in</button></p>
</form>
</main>
<script>${script}</script>`);

/** Policy of the helper page: its own script and a form to here. */
export const loginPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  "style-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
