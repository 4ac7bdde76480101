/**
 * OpenAPI v3: an index of group versions and one document for each, made from the definitions.
 * kubectl reads them for validation, dry run, explain and three-way patches.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  apiVersionOf,
  collectionPath,
  gvkOf,
  type Registry,
  type ResourceDefinition,
  type SchemaNode,
} from '#kube/index.ts';

export interface OpenApiDocument {
  readonly body: Buffer;
  readonly gzip: Buffer;
  /** Hex of the hash of the body; stands in the index and, quoted, in ETag. */
  readonly hash: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * OpenAPI v2 for clients that know nothing newer (kubectl before 1.29): a document without kinds, in
 * the only form they read. They then skip the checks of the client and leave them to the server.
 * @spec gnostic openapi_v2 Document: swagger = 1, info = 2 { title = 1, version = 2 }
 */
export const emptyOpenApiV2: {
  readonly accept: string;
  readonly contentType: string;
  readonly body: Buffer;
} = {
  accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  body: Buffer.from('\x0a\x032.0\x12\x0f\x0a\x0aDrawbridge\x12\x011', 'latin1'),
};

export class OpenApi {
  readonly #registry: Registry;
  readonly #version: string;
  /** Ready documents, good as long as the definitions are the same. */
  readonly #documents = new Map<string, Made>();

  constructor(registry: Registry, version: string) {
    this.#registry = registry;
    this.#version = version;
  }

  /** The document of `/openapi/v3` or `/openapi/v3/…`, made at the first call. */
  find(path: string): OpenApiDocument | undefined {
    const index = path === '/openapi/v3';
    const definitions = index ? this.#registry.all : this.#definitionsOf(path);
    const known = this.#documents.get(path);
    if (known && sameList(known.definitions, definitions)) return known.document;
    if (definitions.length === 0) {
      this.#documents.delete(path);
      return undefined;
    }
    const document = documentOf(index ? this.#index() : this.#groupVersion(definitions));
    this.#documents.set(path, { definitions, document });
    return document;
  }

  #index(): Json {
    const paths: Record<string, Json> = {};
    for (const { group, versions } of this.#registry.groups()) {
      for (const version of versions) {
        const place = `${group === '' ? 'api' : 'apis'}/${apiVersionOf({ group, version })}`;
        const hash = this.find(`/openapi/v3/${place}`)?.hash ?? '';
        paths[place] = { serverRelativeURL: `/openapi/v3/${place}?hash=${hash}` };
      }
    }
    return { paths };
  }

  #definitionsOf(path: string): readonly ResourceDefinition[] {
    const parts = /^\/openapi\/v3\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))$/u.exec(path);
    if (!parts) return [];
    const group = parts[2] ?? '';
    const version = parts[1] ?? parts[3] ?? '';
    return this.#registry.inGroupVersion(group, version);
  }

  #groupVersion(definitions: readonly ResourceDefinition[]): Json {
    const paths: Record<string, Json> = {};
    const schemas: Record<string, Json> = {};
    for (const definition of definitions) {
      Object.assign(paths, pathsOf(definition));
      Object.assign(schemas, schemasOf(definition));
    }
    return {
      openapi: '3.0.0',
      info: { title: 'Drawbridge', version: this.#version },
      paths,
      components: { schemas },
    };
  }
}

interface Made {
  readonly definitions: readonly ResourceDefinition[];
  readonly document: OpenApiDocument;
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function documentOf(value: Json): OpenApiDocument {
  const body = Buffer.from(JSON.stringify(value));
  const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
  return { body, gzip: gzipSync(body), hash };
}

/** A name of the schema, in the reversed style that clients expect of custom kinds. */
function schemaName(definition: ResourceDefinition, kind: string): string {
  const { group, version } = definition;
  if (group === '') return `io.k8s.api.core.${version}.${kind}`;
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
}

function schemasOf(definition: ResourceDefinition): Record<string, Json> {
  const name = schemaName(definition, definition.kind);
  const gvk = gvkOf(definition);
  const schema: SchemaNode = definition.schema;
  const list: Json = {
    type: 'object',
    description: `A list of ${definition.kind}.`,
    required: ['items'],
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of this list.' },
      kind: { type: 'string', description: 'Kind of this list.' },
      metadata: { type: 'object', description: 'Standard list metadata.' },
      items: { type: 'array', description: 'The objects.', items: reference(name) },
    },
    'x-kubernetes-group-version-kind': [{ ...gvk, kind: definition.listKind }],
  };
  return {
    [name]: {
      ...schema,
      description: definition.description,
      'x-kubernetes-group-version-kind': [gvk],
    },
    [schemaName(definition, definition.listKind)]: list,
  };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function pathsOf(definition: ResourceDefinition): Record<string, Json> {
  const namespaced = definition.scope === 'Namespaced';
  const all = collectionPath(definition);
  const slash = all.lastIndexOf('/');
  const scoped = namespaced
    ? `${all.slice(0, slash)}/namespaces/{namespace}${all.slice(slash)}`
    : all;
  const scope = namespaced ? [inPath('namespace', 'Namespace of the object.')] : [];
  const named = [...scope, inPath('name', 'Name of the object.')];
  const op = (action: string, verb: Verb): Json => operation(definition, action, verb);
  if (definition.readOnly === true) {
    return {
      [scoped]: { get: op('list', 'get'), parameters: scope },
      [`${scoped}/{name}`]: { get: op('get', 'get'), parameters: named },
      ...(namespaced ? { [all]: { get: op('list', 'get') } } : {}),
    };
  }
  const paths: Record<string, Json> = {
    [scoped]: {
      get: op('list', 'get'),
      post: op('post', 'post'),
      delete: op('deletecollection', 'delete'),
      parameters: scope,
    },
    [`${scoped}/{name}`]: {
      get: op('get', 'get'),
      put: op('put', 'put'),
      patch: op('patch', 'patch'),
      delete: op('delete', 'delete'),
      parameters: named,
    },
  };
  if (namespaced) paths[all] = { get: op('list', 'get') };
  if (definition.statusSubresource) {
    paths[`${scoped}/{name}/status`] = {
      get: op('get', 'get'),
      put: op('put', 'put'),
      patch: op('patch', 'patch'),
      parameters: named,
    };
  }
  return paths;
}

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';

const writeParameters: readonly Json[] = [
  inQuery('dryRun', 'All: do everything but store.'),
  inQuery('fieldManager', 'Who makes the change.'),
  inQuery('fieldValidation', 'Ignore, Warn or Strict: what unknown fields lead to.'),
];

const listParameters: readonly Json[] = [
  inQuery('labelSelector', 'Restricts by labels.'),
  inQuery('fieldSelector', 'Restricts by fields.'),
  inQuery('limit', 'Most objects in the answer.', 'integer'),
  inQuery('continue', 'Token of the page before.'),
  inQuery('resourceVersion', 'At or after which revision.'),
  inQuery('resourceVersionMatch', 'Exact or NotOlderThan.'),
  inQuery('watch', 'Follow changes.', 'boolean'),
  inQuery('allowWatchBookmarks', 'Send bookmarks.', 'boolean'),
  inQuery('sendInitialEvents', 'Begin a watch with the current state.', 'boolean'),
  inQuery('timeoutSeconds', 'End of a watch.', 'integer'),
];

function operation(definition: ResourceDefinition, action: string, verb: Verb): Json {
  const name = schemaName(definition, definition.kind);
  const answer = action === 'list' ? schemaName(definition, definition.listKind) : name;
  const content = { 'application/json': { schema: reference(answer) } };
  const body = verb === 'post' || verb === 'put' || verb === 'patch';
  return {
    operationId: `${action}${definition.kind}`,
    parameters: parametersOf(action, verb),
    ...(body ? { requestBody: { required: true, content: bodyOf(definition, verb, name) } } : {}),
    responses: { '200': { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvkOf(definition),
  };
}

function parametersOf(action: string, verb: Verb): readonly Json[] {
  if (action === 'list' || action === 'deletecollection') return listParameters;
  if (verb === 'delete') {
    return [
      inQuery('dryRun', 'All: do everything but delete.'),
      inQuery('propagationPolicy', 'Background, Foreground or Orphan.'),
    ];
  }
  return verb === 'get' ? [] : writeParameters;
}

function bodyOf(definition: ResourceDefinition, verb: Verb, name: string): Json {
  if (verb !== 'patch') return { 'application/json': { schema: reference(name) } };
  const schema = { type: 'object', description: 'A patch.' };
  return {
    'application/json-patch+json': { schema: { type: 'array', items: { type: 'object' } } },
    'application/merge-patch+json': { schema },
    ...(definition.custom ? {} : { 'application/strategic-merge-patch+json': { schema } }),
  };
}

function inQuery(name: string, description: string, type = 'string'): Json {
  return { name, in: 'query', description, schema: { type } };
}

function inPath(name: string, description: string): Json {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}
