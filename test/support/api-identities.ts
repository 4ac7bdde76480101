/** Others than the owner of the machine: certificates and tokens for a test API server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpsRequest } from '#http/index.ts';
import { issueCertificate, parseAuthority, privateKeyPem } from '#pki/index.ts';
import type { AnyJson, AskedApi } from './api-server.ts';

/** A client certificate, a bearer token, or nothing. */
export interface Identity {
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

/** A client certificate of the product's CA. */
export async function certificateFor(
  api: AskedApi,
  commonName: string,
  organizations: readonly string[] = [],
  extra: { readonly server?: boolean; readonly lifetimeMs?: number } = {},
): Promise<Required<Pick<Identity, 'cert' | 'key'>>> {
  const read = (name: string): string => readFileSync(join(api.directory, 'pki', name), 'utf8');
  const authority = parseAuthority(read('ca.crt'), read('ca.key'));
  const server = extra.server ?? false;
  const { certificate, keys } = await issueCertificate(authority, {
    commonName,
    organizations,
    server,
    client: !server,
    nowMs: Date.now(),
    ...(extra.lifetimeMs === undefined ? {} : { lifetimeMs: extra.lifetimeMs, backdateMs: 10_000 }),
  });
  return { cert: certificate.pem, key: privateKeyPem(keys.privateKey) };
}

export interface IdentityCall {
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Record<string, string | readonly string[]>;
}

/** A request as somebody. */
export async function askAs(
  api: AskedApi,
  { token, ...certificate }: Identity,
  path: string,
  call: IdentityCall = {},
): Promise<{ readonly status: number; readonly json: AnyJson; readonly text: string }> {
  const { body } = call;
  const answer = await httpsRequest({
    url: `${api.server.origin}${path}`,
    ca: api.files.ca,
    ...certificate,
    method: call.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(call.headers as Record<string, string>),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = answer.body.toString();
  return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

/** A token for a ServiceAccount in `default`, which is made when it is not there. */
export async function tokenFor(api: AskedApi, name: string, spec: object = {}): Promise<string> {
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await api.call(accounts, { body: { metadata: { name } } });
  const { json } = await api.call(`${accounts}/${name}/token`, { body: { spec } });
  return json.status.token;
}

/** Gives rules to a user everywhere, through a ClusterRole and its binding of that name. */
export async function grantTo(
  api: AskedApi,
  name: string,
  user: string,
  rules: readonly object[],
): Promise<void> {
  const root = '/apis/rbac.authorization.k8s.io/v1';
  await api.call(`${root}/clusterroles`, { body: { metadata: { name }, rules } });
  await api.call(`${root}/clusterrolebindings`, {
    body: {
      metadata: { name },
      roleRef: { kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name: user }],
    },
  });
}
