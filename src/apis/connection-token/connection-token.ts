/**
 * Connection tokens: Secrets with which Skupper v1 sites link, told by a label. They carry the
 * client certificate itself and, as annotations, where to connect. No kind of ours, but read by
 * the command line and by a controller alike.
 * @spec Skupper v1 token files
 */
import type { Secret } from '#kube/index.ts';
import type { Link } from '../link/link.ts';

/** The label that says what a Secret is to Skupper, with two of its values. */
export const tokenLabel = {
  name: 'skupper.io/type',
  connectionToken: 'connection-token',
  claim: 'token-claim',
} as const;

/** Annotations of token files. */
export const tokenAnnotation = {
  interRouterHost: 'inter-router-host',
  interRouterPort: 'inter-router-port',
  edgeHost: 'edge-host',
  edgePort: 'edge-port',
  /** Identity of the site that made the token. */
  generatedBy: 'skupper.io/generated-by',
  siteVersion: 'skupper.io/site-version',
  cost: 'skupper.io/cost',
  /** Where a claim is exchanged. */
  url: 'skupper.io/url',
  /** When a claim ends. */
  expiration: 'skupper.io/claim-expiration',
} as const;

/**
 * The version of Skupper v1 whose tokens and claims we speak. Its sites turn away partners that
 * call themselves older than 0.8.0, so our own version would not do.
 */
export const skupperVersion = '1.9.6';

/** Annotation of a Secret that was made of an AccessToken; its value is the token's UID. */
export const madeOfToken = 'internal.drawbridge.dev/access-token';

/** What a connection token says. */
export interface ConnectionToken {
  readonly endpoints: NonNullable<Link['spec']>['endpoints'];
  /** Empty when the token does not say who made it. */
  readonly generatedBy: string;
  /** Undefined when the token has none, or one that is no whole number from 1 on. */
  readonly cost: number | undefined;
}

const keys = ['tls.crt', 'tls.key', 'ca.crt'] as const;
const group = 'skupper-router';

/** True for a Secret labelled as a connection token. */
export function isConnectionToken(secret: Secret): boolean {
  return secret.metadata.labels?.[tokenLabel.name] === tokenLabel.connectionToken;
}

/** Reads a connection token, or says in one sentence why it cannot be used. */
export function readConnectionToken(
  secret: Secret,
): { readonly value: ConnectionToken } | { readonly problem: string } {
  const missing = keys.find((key) => (secret.data?.[key] ?? '') === '');
  if (missing !== undefined) return { problem: `Expected ${missing} field in secret data` };
  const { annotations = {} } = secret.metadata;
  const interRouter = endpointOf(annotations, 'interRouter');
  if ('problem' in interRouter) return interRouter;
  const hasEdge = annotations[tokenAnnotation.edgeHost] !== undefined;
  const edge = hasEdge ? endpointOf(annotations, 'edge') : undefined;
  if (edge !== undefined && 'problem' in edge) return edge;
  const cost = annotations[tokenAnnotation.cost] ?? '';
  return {
    value: {
      endpoints: [interRouter.value, ...(edge === undefined ? [] : [edge.value])],
      generatedBy: annotations[tokenAnnotation.generatedBy] ?? '',
      cost: /^[1-9]\d{0,8}$/.test(cost) ? Number(cost) : undefined,
    },
  };
}

/**
 * The annotations of a connection token: where to connect, and who says so. v1 knows one endpoint
 * of each kind; undefined when there is none to link to.
 */
export function connectionAnnotations(
  endpoints: readonly Endpoint[],
  siteId: string,
): Readonly<Record<string, string>> | undefined {
  const interRouter = endpoints.find(({ name }) => name === 'inter-router');
  if (interRouter === undefined) return undefined;
  const edge = endpoints.find(({ name }) => name === 'edge');
  return {
    ...placeOf('edge', edge),
    ...placeOf('interRouter', interRouter),
    [tokenAnnotation.generatedBy]: siteId,
    [tokenAnnotation.siteVersion]: skupperVersion,
  };
}

function placeOf(role: Role, endpoint: Endpoint | undefined): Record<string, string> {
  if (endpoint === undefined) return {};
  const { host = '', port = '' } = endpoint;
  return { [tokenAnnotation[`${role}Host`]]: host, [tokenAnnotation[`${role}Port`]]: port };
}

type Endpoint = ConnectionToken['endpoints'][number];
type Role = 'interRouter' | 'edge';

function endpointOf(
  annotations: Readonly<Record<string, string>>,
  role: Role,
): { readonly value: Endpoint } | { readonly problem: string } {
  const [hostName, portName] = [tokenAnnotation[`${role}Host`], tokenAnnotation[`${role}Port`]];
  const host = annotations[hostName] ?? '';
  const port = annotations[portName] ?? '';
  if (host === '') return { problem: `Expected ${hostName} annotation` };
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    return { problem: `Expected a port number in annotation ${portName}` };
  }
  return { value: { name: role === 'edge' ? 'edge' : 'inter-router', host, port, group } };
}
