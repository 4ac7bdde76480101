/** What `link create` does: checks a file against what is there, then makes the link's objects. */
import { tokenAnnotation, tokenLabel } from '#apis/index.ts';
import { apiVersionOf, type KubeObject, ownerReferenceTo } from '#kube/index.ts';
import {
  accessGrant,
  accessToken,
  link,
  type Link,
  type Secret,
  secretKind,
} from '../api/kinds.ts';
import type { LinkSource } from '../api/link-file.ts';
import type { Session } from '../api/session.ts';
import { annotation } from '../api/token-notes.ts';
import { CliError, usageError } from '../errors.ts';
import { create } from './change.ts';
import {
  connectionToSelf,
  isFromSelf,
  linkToOrigin,
  nextLinkName,
  placesOf,
  type Surroundings,
} from './link-origin.ts';
import { sitesOf } from './site.ts';

/** What `link create` is asked for. */
export interface NewLink {
  readonly source: LinkSource;
  /** Undefined: the next of the form `link<N>`. */
  readonly name: string | undefined;
  /** Undefined: what the file says, else 1. */
  readonly cost: number | undefined;
}

/** What was made. */
export interface MadeLink {
  readonly name: string;
  /** Where it leads: `host:port`, or the URL at which the token is redeemed. */
  readonly target: string;
  /** The object that stands for the link: an AccessToken, a Secret or a Link. */
  readonly object: KubeObject;
  /** For people, before the link is tried. */
  readonly warning?: string;
}

/** Makes a link. @param nowMs to tell whether a token has expired @throws CliError */
export async function createLink(
  session: Session,
  wish: NewLink,
  nowMs: number,
): Promise<MadeLink> {
  const around = await surroundings(session);
  const { source } = wish;
  if (isFromSelf(source, around)) throw connectionToSelf();
  const known = linkToOrigin(source, around);
  if (known !== undefined) {
    const site = known.siteName === undefined ? '' : ` to site ${known.siteName}`;
    const place = known.siteId ?? known.places[0] ?? '';
    throw new CliError('CLI_REFUSED', `Already connected to "${place}".`, {
      todo: `that is link ${known.name}${site}; to link anew, first 'drawbridge link delete ${known.name} -n ${session.namespace}'`,
    });
  }
  const name = wish.name ?? nextLinkName(around);
  const taken = [...around.links, ...around.tokens, ...around.secrets];
  if (taken.some(({ metadata }) => metadata.name === name)) throw nameTaken(name);
  return make(session, source, name, wish.cost, nowMs);
}

async function surroundings(session: Session): Promise<Surroundings> {
  const { client, namespace } = session;
  const [site] = await sitesOf(session);
  if (site === undefined) {
    throw usageError(
      [`A site must exist in namespace ${namespace} before a link can be created`],
      "create one with 'drawbridge site create NAME', or choose a namespace (-n)",
    );
  }
  const [links, tokens, secrets, grants] = await Promise.all([
    client.list(link, { namespace }),
    client.list(accessToken, { namespace }),
    client.list(secretKind, { namespace }),
    client.list(accessGrant, { namespace }),
  ]);
  return {
    site,
    links: links.items,
    tokens: tokens.items,
    secrets: secrets.items,
    grants: grants.items,
  };
}

async function make(
  session: Session,
  source: LinkSource,
  name: string,
  cost: number | undefined,
  nowMs: number,
): Promise<MadeLink> {
  const exists = nameTaken(name).message;
  if (source.kind === 'token') {
    const { token } = source;
    const { url = '', code = '', ca = '', linkCost } = token.spec ?? {};
    const chosen = cost ?? linkCost;
    const spec = { url, code, ca, ...(chosen === undefined ? {} : { linkCost: chosen }) };
    const wanted = { ...token, metadata: { ...token.metadata, name }, spec };
    const object = await create(session, accessToken, wanted, exists);
    const expires = token.metadata.annotations?.[annotation.expires] ?? '';
    const warning = `Warning: token may have expired, expiration time: ${expires}`;
    return { name, target: url, object, ...(Date.parse(expires) < nowMs ? { warning } : {}) };
  }
  const target = placesOf(source)[0] ?? '';
  if (source.kind === 'connection-token') {
    const wanted = connectionSecret(source.secret, name, cost);
    return { name, target, object: await create(session, secretKind, wanted, exists) };
  }
  const wanted = plannedLinks(source, name, cost);
  const made: Link[] = [];
  for (const each of wanted) made.push(await create(session, link, each, exists));
  const [first] = made;
  if (first === undefined) throw nameTaken(name);
  const ownerReferences = made.map((each) => ownerReferenceTo(each, false));
  const secret = { ...source.secret, metadata: { name, ownerReferences } };
  await create(session, secretKind, secret, exists);
  return { name, target, object: first };
}

/** The Secret that the controller makes a Link of. */
export function connectionSecret(secret: Secret, name: string, cost: number | undefined): Secret {
  const annotations = {
    ...secret.metadata.annotations,
    ...(cost === undefined ? {} : { [tokenAnnotation.cost]: String(Math.max(1, cost)) }),
  };
  const labels = { [tokenLabel.name]: tokenLabel.connectionToken };
  return { ...secret, metadata: { name, labels, annotations } };
}

/** Links of a file under one name: `name`, then `name-2` and on for further router groups. */
export function plannedLinks(
  source: Extract<LinkSource, { kind: 'link' }>,
  name: string,
  cost: number | undefined,
): Link[] {
  return source.links.map((plan, index) => {
    const chosen = cost ?? plan.cost;
    return {
      apiVersion: apiVersionOf(link),
      kind: link.kind,
      metadata: { name: index === 0 ? name : `${name}-${index + 1}` },
      spec: {
        endpoints: plan.endpoints,
        tlsCredentials: name,
        ...(chosen === undefined ? {} : { cost: chosen }),
      },
    };
  });
}

function nameTaken(name: string): CliError {
  const what = `The connector secret "${name}" already exists, please choose a different name`;
  return new CliError('CLI_REFUSED', what, { todo: 'give another one with --name' });
}
