/** What the link verbs do. */
import { apiVersionOf } from '#kube/index.ts';
import { certificate, type Link, link, type Secret, secretKind, type Site } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { isTrue, reasonNot, statusOf } from '../api/status.ts';
import { waitFor } from '../api/wait.ts';
import { CliError, usageError } from '../errors.ts';
import { create } from './change.ts';
import { recordHandedOut } from './handing-out/handed-out.ts';
import { sitesOf } from './site.ts';

/** What `link generate` is asked for. */
export interface LinkWish {
  readonly cost: number;
  /** Name of the Secret in the links; undefined: `link-<site>`. */
  readonly tlsCredentials: string | undefined;
  /** Make a client certificate and print its Secret too. */
  readonly generateCredential: boolean;
  readonly timeoutMs: number;
}

/** Fields of `link update` that were given. */
export interface LinkChange {
  readonly cost?: number;
  readonly tlsCredentials?: string;
}

/** Changes what is asked for and nothing else. @throws CliError CLI_USAGE */
export async function updateLink(
  session: Session,
  name: string,
  change: LinkChange,
): Promise<Link> {
  const { namespace } = session;
  const existing = await session.client.find(link, { namespace, name });
  if (existing === undefined) {
    throw usageError(
      [`the link "${name}" is not available in the namespace: ${namespace}`],
      `see 'drawbridge link status -n ${namespace}'`,
    );
  }
  const secret = change.tlsCredentials;
  if (secret !== undefined) {
    const found = await session.client.find(secretKind, { namespace, name: secret });
    if (found === undefined) {
      throw usageError(
        [`the TLS secret "${secret}" is not available in the namespace: ${namespace}`],
        'create it first, or leave --tls-credentials out',
      );
    }
  }
  if (Object.keys(change).length === 0) return existing;
  return session.client.patch(link, { namespace, name }, { spec: change });
}

/**
 * Manifests with which another site can link to this one: a Link for each group of endpoints, then
 * the Secret with the client certificate.
 * @throws CliError
 */
export async function generateLink(
  session: Session,
  wish: LinkWish,
): Promise<readonly (Link | Secret)[]> {
  const site = await activeSite(session);
  const secretName = wish.tlsCredentials ?? `link-${site.metadata.name}`;
  const links = linkManifests(site, secretName, wish.cost);
  if (links.length === 0) {
    throw new CliError(
      'CLI_REFUSED',
      'A link cannot be generated because link access is not enabled.',
      { todo: "turn it on with 'drawbridge site update --enable-link-access'" },
    );
  }
  if (!wish.generateCredential) return links;
  const secret = await clientSecret(session, site, secretName, wish.timeoutMs);
  await recordHandedOut(session, { site, issuer: issuerOf(site), name: secretName, secret });
  return [...links, secret];
}

async function activeSite(session: Session): Promise<Site> {
  const sites = await sitesOf(session);
  const [first] = sites;
  if (first === undefined) {
    throw usageError(
      ['there is no skupper site in this namespace'],
      "create one with 'drawbridge site create NAME --enable-link-access'",
    );
  }
  const active = sites.find((site) => isTrue(site, 'Configured') && isTrue(site, 'Running'));
  if (active !== undefined) return active;
  const reason = reasonNot(first, 'ready');
  throw usageError(
    [`there is no active skupper site in this namespace${reason === '' ? '' : `: ${reason}`}`],
    `see 'drawbridge site status -n ${session.namespace}'`,
  );
}

/** One Link per group of the site's endpoints. */
export function linkManifests(site: Site, secretName: string, cost: number): Link[] {
  const usable = (site.status?.endpoints ?? []).filter(
    ({ name }) => name === 'inter-router' || name === 'edge',
  );
  const groups = Map.groupBy(usable, ({ group }) => group ?? 'skupper-router');
  return [...groups].map(([group, endpoints]) => ({
    apiVersion: apiVersionOf(link),
    kind: link.kind,
    metadata: { name: `link-${site.metadata.name}-${group}` },
    spec: { endpoints, tlsCredentials: secretName, cost },
  }));
}

/** Secret of the CA that signs for links to a site. */
export function issuerOf({ spec, status }: Site): string {
  return status?.defaultIssuer ?? spec?.defaultIssuer ?? 'skupper-site-ca';
}

/**
 * The Secret of a client certificate of this site's CA, made when it is not there.
 * @param name of the Certificate and the Secret
 * @param subject common name of the certificate
 * @throws CliError CLI_WAIT
 */
export async function clientSecret(
  session: Session,
  site: Site,
  name: string,
  timeoutMs: number,
  subject = name,
): Promise<Secret> {
  const { namespace } = session;
  if ((await session.client.find(certificate, { namespace, name })) === undefined) {
    const manifest = {
      apiVersion: apiVersionOf(certificate),
      kind: certificate.kind,
      metadata: { name },
      spec: {
        ca: issuerOf(site),
        subject,
        client: true,
      },
    };
    await create(session, certificate, manifest, `certificate "${name}" exists`);
  }
  const { object } = await waitFor(session, secretKind, name, timeoutMs, hasKeyPair);
  if (object !== undefined && hasKeyPair(object)) {
    return {
      apiVersion: apiVersionOf(secretKind),
      kind: secretKind.kind,
      metadata: { name },
      type: 'kubernetes.io/tls',
      ...(object.data === undefined ? {} : { data: object.data }),
    };
  }
  const owner = await session.client.find(certificate, { namespace, name });
  const why = statusOf(owner).conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  throw new CliError(
    'CLI_WAIT',
    `Secret "${name}" is not yet ready${why === '' ? '' : `: ${why}`}`,
    {
      todo: `look at it with 'kubectl get certificates.skupper.io ${name} -n ${namespace} -o yaml'`,
    },
  );
}

function hasKeyPair(secret: Secret | undefined): boolean {
  const data = secret?.data ?? {};
  return ['tls.crt', 'tls.key', 'ca.crt'].every((key) => (data[key] ?? '') !== '');
}
