/**
 * Files that a link can be made of: an AccessToken, a Link with its Secret, or a Secret of Skupper
 * v1 (a claim or a connection token). Only the fields we know are taken from them.
 */
import { type ConnectionToken, readConnectionToken, tokenLabel } from '#apis/index.ts';
import { apiVersionOf, isRecord } from '#kube/index.ts';
import { CliError } from '../errors.ts';
import type { CliIo } from '../io.ts';
import { claimTokenIn, textsOf } from './claim-file.ts';
import { type AccessToken, accessToken, link, type Secret, secretKind } from './kinds.ts';
import { manifestsIn, type NamedText, readTextFile } from './manifest-file.ts';
import { tokenIn } from './token-file.ts';

/** One way to connect, from a stranger's file and checked. */
export type Endpoint = ConnectionToken['endpoints'][number];

/** What a file holds. */
export type LinkSource =
  | { readonly kind: 'token'; readonly token: AccessToken }
  | { readonly kind: 'connection-token'; readonly secret: Secret; readonly read: ConnectionToken }
  | { readonly kind: 'link'; readonly links: readonly LinkPlan[]; readonly secret: Secret };

/** A Link as a file describes it. */
export interface LinkPlan {
  readonly endpoints: Endpoint[];
  /** Undefined when the file does not say. */
  readonly cost: number | undefined;
}

/** Most Links, one per router group, and most endpoints in each. */
const linksMax = 8;
const endpointsMax = 16;
const hostLengthMax = 253;
const tlsKeys = ['ca.crt', 'tls.crt', 'tls.key'] as const;

/**
 * Reads a file, or standard input when `path` is `-`.
 * @throws CliError CLI_USAGE when there is no such file, CLI_FILE when no link can be made of it
 */
export async function readLinkFile(
  path: string,
  io: Pick<CliIo, 'readStdin'>,
): Promise<LinkSource> {
  const todo = 'name a file that token create, token issue or link generate has written, or -';
  return parseLinkFile(await readTextFile(path, io, todo, unusable));
}

/** What the text holds. @throws CliError CLI_FILE */
export function parseLinkFile(named: NamedText): LinkSource {
  const manifests = manifestsIn(named, unusable);
  const { path } = named;
  const links = manifests.filter((each) => isKind(each, link));
  const secrets = manifests.filter((each) => isKind(each, secretKind));
  const [first] = manifests;
  if (manifests.length === 1 && first !== undefined && isKind(first, accessToken)) {
    return { kind: 'token', token: tokenIn(first, path) };
  }
  const [secret] = secrets;
  const isWhole = links.length + secrets.length === manifests.length && secrets.length === 1;
  if (!isWhole || secret === undefined || links.length > linksMax) {
    const found = manifests.map(({ kind }) => String(kind)).join(', ');
    throw unusable(path, `it holds ${found}`);
  }
  if (links.length === 0) return connectionToken(secret, path);
  const data = tlsDataOf(secret, path);
  return {
    kind: 'link',
    links: links.map((each) => linkPlan(each, nameOf(secret), path)),
    secret: tlsSecret({ data }),
  };
}

function connectionToken(manifest: Record<string, unknown>, path: string): LinkSource {
  const { metadata } = manifest;
  const labels = textsOf(isRecord(metadata) ? metadata['labels'] : undefined);
  const type = labels[tokenLabel.name];
  if (type === tokenLabel.claim)
    return { kind: 'token', token: claimTokenIn(manifest, path, unusable) };
  if (type !== tokenLabel.connectionToken) {
    throw new CliError('CLI_FILE', 'Secret is not a valid skupper token', {
      todo: `${path}: it needs the label ${tokenLabel.name}=${tokenLabel.connectionToken} or ${tokenLabel.claim}`,
    });
  }
  const annotations = textsOf(isRecord(metadata) ? metadata['annotations'] : undefined);
  const data = textsOf(manifest['data']);
  const read = readConnectionToken({ ...tlsSecret({ data }), metadata: { name: '', annotations } });
  if ('problem' in read) {
    throw new CliError('CLI_FILE', read.problem, { todo: `${path}: ask for a new token` });
  }
  if (read.value.generatedBy === '') {
    throw new CliError('CLI_FILE', "Can't find secret origin.", {
      todo: `${path}: the annotation skupper.io/generated-by is missing; ask for a new token`,
    });
  }
  return {
    kind: 'connection-token',
    secret: {
      ...tlsSecret({ data: tlsDataOf(manifest, path) }),
      metadata: { name: '', annotations },
    },
    read: read.value,
  };
}

function linkPlan(manifest: Record<string, unknown>, secretName: string, path: string): LinkPlan {
  const { spec } = manifest;
  const fields = isRecord(spec) ? spec : {};
  if (fields['tlsCredentials'] !== secretName) {
    throw unusable(path, `a Link does not use the Secret "${secretName}"`);
  }
  const { endpoints, cost } = fields;
  if (!Array.isArray(endpoints) || endpoints.length === 0 || endpoints.length > endpointsMax) {
    throw unusable(path, 'a Link has no endpoints, or too many');
  }
  return {
    endpoints: endpoints.map((endpoint) => endpointIn(endpoint, path)),
    cost: typeof cost === 'number' && Number.isInteger(cost) ? cost : undefined,
  };
}

function endpointIn(value: unknown, path: string): Endpoint {
  const { name = '', host = '', port = '', group = '' } = textsOf(value);
  const isUsable =
    name !== '' &&
    host !== '' &&
    Math.max(name.length, host.length, group.length) <= hostLengthMax &&
    /^\d{1,5}$/.test(port) &&
    Number(port) > 0 &&
    Number(port) < 65_536;
  if (!isUsable) throw unusable(path, 'an endpoint has no name, no host or no port');
  return { name, host, port, ...(group === '' ? {} : { group }) };
}

function tlsDataOf(manifest: Record<string, unknown>, path: string): Record<string, string> {
  const data = textsOf(manifest['data']);
  const missing = tlsKeys.find((key) => (data[key] ?? '') === '');
  if (missing !== undefined) throw unusable(path, `Expected ${missing} field in secret data`);
  return Object.fromEntries(tlsKeys.map((key) => [key, data[key] ?? '']));
}

/** A Secret for a link; its name is chosen later. */
function tlsSecret({ data }: { readonly data: Record<string, string> }): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: '' },
    type: 'kubernetes.io/tls',
    data,
  };
}

function isKind(
  manifest: Record<string, unknown>,
  of: { readonly kind: string; readonly group: string; readonly version: string },
): boolean {
  return manifest['kind'] === of.kind && manifest['apiVersion'] === apiVersionOf(of);
}

function nameOf({ metadata }: Record<string, unknown>): string {
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

function unusable(path: string, why: string): CliError {
  return new CliError('CLI_FILE', `no link can be made of ${path}: ${why}`, {
    todo: 'use an AccessToken, a Link with its Secret, or a Secret labelled skupper.io/type=token-claim or connection-token',
  });
}
