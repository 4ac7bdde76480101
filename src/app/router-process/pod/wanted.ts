/**
 * What the ConfigMap and the Secrets of a namespace want of a router in a pod: entities, and for
 * each of its profiles the files that must be there first. Pure.
 */
import { isAbsolute, join, normalize } from 'node:path';
import {
  controllerAnnotations,
  type CredentialFile,
  credentialsDigest,
  credentialsOf,
  digestsOf,
  siteObjects,
} from '#controllers/index.ts';
import { annotationOf, type ConfigMap, isTerminating, type Secret } from '#kube/index.ts';
import type { ConfigEntity } from '#management/index.ts';
import { parseConfig } from '#router/index.ts';

export interface WantedProfile {
  readonly entity: ConfigEntity;
  readonly name: string;
  /** Contents by path; absent while the Secret is not there or not the one that is meant. */
  readonly files: ReadonlyMap<string, Buffer> | undefined;
}

export interface WantedRouter {
  readonly profiles: readonly WantedProfile[];
  /** All entities that are no profiles. */
  readonly entities: readonly ConfigEntity[];
}

/** Attributes of an sslProfile that name files, with the file of the Secret behind each. */
const sslFiles: Readonly<Record<string, CredentialFile>> = {
  caCertFile: 'ca.crt',
  certFile: 'tls.crt',
  privateKeyFile: 'tls.key',
};
const passwordPrefix = 'file:';

export interface WantedInputs {
  readonly configMap: ConfigMap;
  readonly secrets: readonly Secret[];
  /** Below which paths are. */
  readonly root: string;
  /** What texts may refer to. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** @throws ManagementError MANAGEMENT_CONFIG_INVALID; RouterError ROUTER_CONFIG_INVALID */
export function wantedRouter(inputs: WantedInputs): WantedRouter {
  const { configMap, variables } = inputs;
  const text = configMap.data?.[siteObjects.routerConfigKey] ?? '[]';
  const digests = digestsOf(configMap);
  const profiles: WantedProfile[] = [];
  const entities: ConfigEntity[] = [];
  for (const entity of parseConfig(text, variables)) {
    const name = entity.name ?? '';
    if (entity.spec.short === 'sslProfile') {
      profiles.push(sslProfile(entity, name, inputs, digests.get(name)));
    } else if (entity.spec.short === 'proxyProfile') {
      profiles.push(proxyProfile(entity, name, inputs));
    } else entities.push(entity);
  }
  return { profiles, entities };
}

function sslProfile(
  entity: ConfigEntity,
  name: string,
  inputs: WantedInputs,
  digest: string | undefined,
): WantedProfile {
  const credentials = credentialsOf(secretOf(name, inputs.secrets));
  const attributes = { ...entity.attributes };
  const named: [CredentialFile, string][] = [];
  for (const [attribute, file] of Object.entries(sslFiles)) {
    const path = attributes[attribute];
    if (typeof path !== 'string' || path === '') continue;
    attributes[attribute] = below(inputs.root, path);
    named.push([file, below(inputs.root, path)]);
  }
  const rewritten = { ...entity, attributes };
  const contents = new Map<CredentialFile, Buffer>();
  for (const [file] of named) {
    const content = credentials?.files.get(file);
    if (content === undefined) return { entity: rewritten, name, files: undefined };
    contents.set(file, content);
  }
  // The revision of the ConfigMap must not be told of files of another revision.
  if (digest !== undefined && digest !== '' && credentialsDigest(contents) !== digest) {
    return { entity: rewritten, name, files: undefined };
  }
  const files = new Map(named.map(([file, path]) => [path, contents.get(file) ?? Buffer.of()]));
  return { entity: rewritten, name, files };
}

function proxyProfile(entity: ConfigEntity, name: string, inputs: WantedInputs): WantedProfile {
  const { password } = entity.attributes;
  if (typeof password !== 'string' || !password.startsWith(passwordPrefix)) {
    return { entity, name, files: new Map() };
  }
  const path = below(inputs.root, password.slice(passwordPrefix.length));
  const attributes = { ...entity.attributes, password: passwordPrefix + path };
  const secret = inputs.secrets.find(({ metadata }) => metadata.name === name);
  const text = secret?.data?.['password'];
  const files = text === undefined ? undefined : new Map([[path, Buffer.from(text, 'base64')]]);
  return { entity: { ...entity, attributes }, name, files };
}

/** A path of the configuration, which cannot lead out of the root. */
function below(root: string, path: string): string {
  return join(root, normalize(isAbsolute(path) ? path : `/${path}`));
}

/** The Secret says itself which profiles it feeds; otherwise its name does. */
function secretOf(profile: string, secrets: readonly Secret[]): Secret | undefined {
  const alive = secrets.filter((secret) => !isTerminating(secret));
  const named = (name: string): Secret | undefined =>
    alive.find(({ metadata }) => metadata.name === name);
  return (
    alive.find((secret) => feeds(secret, profile)) ??
    named(profile) ??
    named(profile.replace(/-profile$/, ''))
  );
}

function feeds(secret: Secret, profile: string): boolean {
  try {
    const text = annotationOf(secret, controllerAnnotations.tlsProfileContext) ?? '[]';
    const uses: unknown = JSON.parse(text);
    if (!Array.isArray(uses)) return false;
    return uses.some((use: { profileName?: unknown } | null) => use?.profileName === profile);
  } catch {
    // Written by somebody else; the name decides.
    return false;
  }
}
