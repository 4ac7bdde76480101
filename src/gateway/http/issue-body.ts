/** A request to issue a grant: the caller's bearer, and a spec in the schema of the kind, closed. */
import type { IncomingMessage } from 'node:http';
import { BlockList } from 'node:net';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import {
  apiVersionOf,
  checkLabelName,
  checkSchema,
  checkSubdomainName,
  formatTime,
  isRecord,
  pruneUnknown,
} from '#kube/index.ts';
import { networksOf } from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import { type GrantLimits, sessionMsOf, windowOf } from '../grant/grant-facts.ts';
import { parseHandle } from '../grant/handle.ts';
import type { IssueWish } from '../issue/issuer.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';
import { type HardDenyOptions, neverOpened } from '../rules/hard-deny.ts';
import { parseUrlPattern } from '../rules/url-pattern.ts';
import { readJson } from './json-body.ts';

/** What this gateway opens at most. */
export interface OpenableOptions {
  readonly limits: GrantLimits;
  readonly never: HardDenyOptions;
  /** Names of the API servers that it reaches. */
  readonly clusters: ReadonlySet<string>;
}

/** @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_REQUEST, GATEWAY_TOO_LARGE */
export async function readIssue(
  request: IncomingMessage,
  lines: HeaderLines,
  openable: OpenableOptions,
  nowMs: number,
): Promise<{ readonly bearer: string; readonly wish: IssueWish }> {
  const bearer = serverBearer(lines);
  const members = ['namespace', 'name', 'spec'] as const;
  const { namespace, name, spec } = await readJson(request, lines, members);
  if (typeof namespace !== 'string' || checkLabelName(namespace).length > 0) {
    throw refused('namespace must be the name of a namespace');
  }
  if (name !== undefined && (typeof name !== 'string' || checkSubdomainName(name).length > 0)) {
    throw refused('name must be the name of an object');
  }
  const wish = { namespace, name, spec: specOf(spec) };
  refuseUnusable(wish.spec, openable, nowMs);
  return { bearer, wish };
}

/** A bearer for the API server, which is none of the gateway's own. @throws GatewayError */
export function serverBearer(lines: HeaderLines): string {
  const authorization = lineOf(lines, 'authorization') ?? '';
  const bearer = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined && parseHandle(bearer) === undefined) return bearer;
  throw new GatewayError('GATEWAY_CREDENTIAL', 'this needs a bearer of the API server');
}

function specOf(spec: unknown): GatewayToken['spec'] {
  if (!isRecord(spec)) throw refused('spec must be an object');
  const object = {
    apiVersion: apiVersionOf(gatewayToken),
    kind: gatewayToken.kind,
    metadata: { name: 'x' },
    spec,
  };
  const [fault] = checkSchema(gatewayToken.schema, object);
  if (fault !== undefined) throw refused(`${fault.field}: ${fault.message}`);
  const [unknown] = pruneUnknown(gatewayToken.schema, structuredClone(object));
  if (unknown !== undefined) throw refused(`${unknown.slice(0, 100)} is no member of a grant`);
  return spec;
}

/** What the schema cannot say; the gateway would not honour it. @throws GatewayError */
function refuseUnusable(
  spec: GatewayToken['spec'],
  { limits, never, clusters }: OpenableOptions,
  nowMs: number,
): void {
  const creationTimestamp = formatTime(nowMs);
  const { kind } = gatewayToken;
  const apiVersion = apiVersionOf(gatewayToken);
  const grant = { apiVersion, kind, metadata: { name: 'x', creationTimestamp }, spec };
  const window = windowOf(grant, limits);
  if (window === undefined) {
    throw refused('spec.expirationWindow is no duration such as 30m, or too long');
  }
  if (window.endMs <= nowMs) throw refused('spec.notBefore: it would have ended already');
  if (sessionMsOf(grant) === undefined) throw refused('spec.sessionMax is no duration such as 5m');
  const pattern = (spec.urls ?? []).find((text) => parseUrlPattern(text) === undefined);
  if (pattern !== undefined) throw refused('spec.urls: a star is a whole segment');
  if (!(networksOf(spec.clientCIDRs ?? []) instanceof BlockList)) {
    throw refused('spec.clientCIDRs: an entry is neither address nor network');
  }
  if (!clusters.has(spec.cluster ?? 'local')) {
    throw refused(`spec.cluster: this gateway reaches ${[...clusters].join(', ')}`);
  }
  const closed = neverOpened(spec, never);
  if (closed !== undefined) throw refused(`spec.rules: ${closed}`);
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why);
}
