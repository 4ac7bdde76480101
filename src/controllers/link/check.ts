/**
 * What a Link amounts to: a connector of the router, or the reason why not. The Link controller
 * tells people, the router configuration acts on it; both ask here, so they cannot disagree.
 */
import type { Link, Secret } from '../kinds.ts';
import { messages } from '../names.ts';
import type { LinkInput, ProxyInput } from '../router-config/entities.ts';
import { checkCredentials } from '../router-config/check-credentials.ts';

export interface LinkSurroundings {
  readonly mode: 'interior' | 'edge';
  readonly secret: (name: string) => Secret | undefined;
}

export type LinkCheck =
  | { readonly ok: true; readonly link: LinkInput; readonly proxy: ProxyInput | undefined }
  | { readonly ok: false; readonly problem: string };

/** Setting that names a Secret with the proxy to go through. */
const proxySetting = 'proxy-configuration';

export function checkLink(link: Link, surroundings: LinkSurroundings): LinkCheck {
  const spec = link.spec ?? { endpoints: [] };
  const role = surroundings.mode === 'edge' ? 'edge' : 'inter-router';
  const proxyName = spec.settings?.[proxySetting] ?? '';
  const proxySecret = proxyName === '' ? undefined : surroundings.secret(proxyName);
  if (proxyName !== '' && proxySecret === undefined) return problem(messages.proxySecretNotFound);
  const secretName = spec.tlsCredentials ?? '';
  const fault = checkCredentials(surroundings, secretName, { authority: true, certificate: true });
  if (fault !== undefined) return problem(fault);
  const endpoint = spec.endpoints.find(({ name }) => name === role);
  if (endpoint === undefined) return problem(`Link has no endpoint named ${role}`);
  const { host = '', port = '' } = endpoint;
  if (host === '') return problem(`Endpoint ${role} has no host`);
  if (!isPort(port)) return problem(`Endpoint ${role} has an invalid port: ${port}`);
  return {
    ok: true,
    link: {
      name: link.metadata.name,
      role,
      host,
      port,
      cost: Math.max(1, spec.cost ?? 1),
      secret: secretName === '' ? undefined : secretName,
      proxy: proxyName === '' ? undefined : proxyName,
    },
    proxy: proxySecret === undefined ? undefined : proxyOf(proxyName, proxySecret),
  };
}

function proxyOf(name: string, secret: Secret): ProxyInput {
  const text = (key: string): string | undefined => {
    const value = secret.data?.[key];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  return {
    name,
    host: text('host') ?? '',
    port: text('port') ?? '',
    username: text('username'),
    passwordFile: secret.data?.['password'] === undefined ? undefined : 'password.txt',
  };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function problem(text: string): LinkCheck {
  return { ok: false, problem: text };
}
