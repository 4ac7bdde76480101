/** Who is at the other end of links and tokens: what `link create` compares before it adds one. */
import { tokenAnnotation } from '#apis/index.ts';
import type { LinkSource } from '../api/link-file.ts';
import { CliError } from '../errors.ts';
import type { AccessGrant, AccessToken, Link, Secret, Site } from '../api/kinds.ts';

/** What is in the namespace. */
export interface Surroundings {
  readonly site: Site;
  readonly links: readonly Link[];
  readonly tokens: readonly AccessToken[];
  readonly secrets: readonly Secret[];
  readonly grants: readonly AccessGrant[];
}

/** A link, or a token that will be one. */
export interface Present {
  readonly name: string;
  /** Identity of the other site; undefined when neither the link nor its token tells. */
  readonly siteId: string | undefined;
  readonly siteName: string | undefined;
  /** `host:port` of each endpoint. */
  readonly places: readonly string[];
}

/** Identity of the site a file is from; empty when it does not say. */
export function originOf(source: LinkSource): string {
  if (source.kind === 'connection-token') return source.read.generatedBy;
  if (source.kind === 'token') return annotationOf(source.token) ?? '';
  return '';
}

/** `host:port` of every endpoint that a file names. */
export function placesOf(source: LinkSource): string[] {
  if (source.kind === 'token') return [];
  const endpoints =
    source.kind === 'link' ? source.links.flatMap((each) => each.endpoints) : source.read.endpoints;
  return endpoints.map(placeOf);
}

/** The error for a file that was made by the site it would be used in. */
export function connectionToSelf(): CliError {
  return new CliError('CLI_REFUSED', "Can't create connection to self with token", {
    todo: 'use the token in another site: choose its namespace with -n, or its --context',
  });
}

/** True when the file was made by the site it would be used in. */
export function isFromSelf(
  source: LinkSource,
  around: Pick<Surroundings, 'site' | 'grants'>,
): boolean {
  const { site, grants } = around;
  const origin = originOf(source);
  if (origin !== '' && origin === site.metadata.uid) return true;
  if (source.kind === 'token') {
    const url = source.token.spec?.url;
    return grants.some(({ status }) => status?.url !== undefined && status.url === url);
  }
  const own = new Set((site.status?.endpoints ?? []).map(placeOf));
  return placesOf(source).some((place) => own.has(place));
}

/** The link to the site that a file is from; undefined when there is none. */
export function linkToOrigin(source: LinkSource, around: Surroundings): Present | undefined {
  const origin = originOf(source);
  const places = new Set(placesOf(source));
  return present(around).find(
    (each) =>
      (origin !== '' && each.siteId === origin) || each.places.some((place) => places.has(place)),
  );
}

/** Links, and tokens that wait to become one. */
function present({ links, tokens, secrets }: Surroundings): Present[] {
  const secretOf = byName(secrets);
  const tokenOf = byName(tokens);
  const made = links.map(({ metadata, spec, status }): Present => {
    const credentials = spec?.tlsCredentials ?? '';
    const [secret, token] = [secretOf.get(credentials), tokenOf.get(credentials)];
    return {
      name: metadata.name,
      siteId: status?.remoteSiteId ?? annotationOf(secret) ?? annotationOf(token),
      siteName: status?.remoteSiteName,
      places: (spec?.endpoints ?? []).map(placeOf),
    };
  });
  const waiting = tokens.filter(({ status }) => status?.redeemed !== true);
  return [
    ...made,
    ...waiting.map((token) => ({
      name: token.metadata.name,
      siteId: annotationOf(token),
      siteName: undefined,
      places: [],
    })),
  ];
}

/** The next free name of the form `link<N>`. */
export function nextLinkName(around: Pick<Surroundings, 'links' | 'tokens' | 'secrets'>): string {
  const numbers = [...around.links, ...around.tokens, ...around.secrets].map(({ metadata }) =>
    Number(/^link([1-9]\d{0,8})$/.exec(metadata.name)?.[1] ?? 0),
  );
  return `link${1 + Math.max(0, ...numbers)}`;
}

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

function annotationOf(object: Annotated | undefined): string | undefined {
  const value = object?.metadata.annotations?.[tokenAnnotation.generatedBy];
  return value === '' ? undefined : value;
}

function byName<T extends { readonly metadata: { readonly name: string } }>(
  objects: readonly T[],
): Map<string, T> {
  return new Map(objects.map((object) => [object.metadata.name, object]));
}

function placeOf({ host = '', port = '' }: { host?: string; port?: string }): string {
  return `${host}:${port}`;
}
