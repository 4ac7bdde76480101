/** Requests about objects: one function per verb, over lister, writer, remover and watches. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import { readBody } from '#http/index.ts';
import {
  type DynamicObject,
  type KubeObject,
  methodNotAllowed,
  notAcceptable,
  notFoundPath,
  type ResourceDefinition,
  type ScalePaths,
  type Status,
  type TableRenderer,
} from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import type { Store } from '#store/index.ts';
import type { ApiServerLimits } from './limits.ts';
import type { ObjectLister } from './objects/object-lister.ts';
import { type ObjectRemover, parseDeleteCall } from './objects/object-remover.ts';
import type { WriteCall } from './objects/object-maker.ts';
import { type ObjectWriter, readStored } from './objects/object-writer.ts';
import { isApply, type Patch, parsePatch } from './objects/patch.ts';
import {
  type RepresentationDeps,
  type Shape,
  showList,
  showObject,
} from './objects/representation.ts';
import { scaleOf, withScale } from './objects/scale.ts';
import { sendValue, setWarnings } from './request/answer.ts';
import { negotiate, offeredMediaTypes } from './request/media-type.ts';
import { decodeApplied, type DecodedBody, decodeObjectBody } from './request/object-body.ts';
import { parseListOptions, parseWriteOptions } from './request/query-options.ts';
import type { ResourceTarget, Verb } from './request/request-path.ts';
import type { WatchService } from './watch/watch-service.ts';

export interface ResourceHandlerDeps {
  readonly store: Store<KubeObject>;
  readonly clock: Clock;
  readonly lister: ObjectLister;
  readonly writer: ObjectWriter;
  readonly remover: ObjectRemover;
  readonly watches: WatchService;
  tableOf(definition: ResourceDefinition): TableRenderer;
}

/** One request about a known kind, allowed already. */
export interface ResourceCall {
  readonly verb: Verb;
  readonly target: ResourceTarget;
  readonly user: User;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stopping: AbortSignal;
  /** Called when a change is about to make the object. @throws StatusError when he may not */
  readonly mayCreate: () => void;
  /** Told what is written. */
  readonly onBody?: ((body: unknown) => void) | undefined;
}

export class ResourceHandler {
  readonly #deps: ResourceHandlerDeps;
  readonly #limits: ApiServerLimits;

  constructor(deps: ResourceHandlerDeps, limits: ApiServerLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /** Answers the call. @throws StatusError as Kubernetes answers */
  async handle(call: ResourceCall): Promise<void> {
    checkOffered(call);
    const { verb, target, response } = call;
    const { scale, deprecation } = target.definition;
    if (deprecation !== undefined) setWarnings(response, [deprecation]);
    if (target.subresource === 'scale' && scale) return this.#scale(call, scale);
    switch (verb) {
      case 'get': {
        const shape = shapeOf(call);
        const { value } = readStored(this.#deps.store, target);
        return sendValue(
          response,
          200,
          showObject(this.#representation(target), shape, value),
          shape.form,
        );
      }
      case 'list':
        return this.#list(call);
      case 'watch':
        return this.#watch(call);
      case 'create':
        return this.#create(call);
      case 'update':
        return this.#update(call);
      case 'patch':
        return this.#patch(call);
      case 'delete':
        return this.#delete(call);
      case 'deletecollection':
        return this.#deleteCollection(call);
      default:
        return unreachable(verb, 'verb');
    }
  }

  #list(call: ResourceCall): void {
    const shape = shapeOf(call);
    const { target, query, response } = call;
    const { objects, metadata } = this.#deps.lister.list(target, parseListOptions(query));
    const list = showList(this.#representation(target), shape, objects, metadata);
    sendValue(response, 200, list, shape.form);
  }

  #watch(call: ResourceCall): Promise<void> {
    const { target, user, query, response, stopping } = call;
    const shape = shapeOf(call);
    const representation = (): RepresentationDeps => this.#representation(target);
    const options = parseListOptions(query);
    return this.#deps.watches.serve(
      { target, user: user.name, options, shape, representation },
      response,
      stopping,
    );
  }

  async #create(call: ResourceCall): Promise<void> {
    const shape = shapeOf(call);
    const { target, request } = call;
    const write = this.#writeCall('CreateOptions', call);
    const body = await this.#body(request);
    const decoded = decodeObjectBody(body, contentType(request), target.definition.custom);
    call.onBody?.(decoded.value);
    const created = await this.#deps.writer.create(target, decoded, write);
    this.#sendWritten(call, shape, write, created, 201);
  }

  async #update(call: ResourceCall): Promise<void> {
    const shape = shapeOf(call);
    const { target, request } = call;
    const write = this.#writeCall('UpdateOptions', call);
    const body = await this.#body(request);
    const decoded = decodeObjectBody(body, contentType(request), target.definition.custom);
    call.onBody?.(decoded.value);
    const updated = await this.#deps.writer.update(target, decoded, write);
    this.#sendWritten(call, shape, write, updated, 200);
  }

  async #patch(call: ResourceCall): Promise<void> {
    const shape = shapeOf(call);
    const { target, request } = call;
    const body = await this.#body(request);
    if (isApply(contentType(request))) {
      const applying = this.#writeCall('ApplyOptions', call);
      const result = await this.#deps.writer.apply(target, decodeApplied(body), applying);
      this.#sendWritten(call, shape, applying, result.object, result.created ? 201 : 200);
      return;
    }
    const patch = parsePatch(target.definition, contentType(request), body);
    call.onBody?.(jsonOf(body));
    const write = this.#writeCall('PatchOptions', call);
    const patched = await this.#deps.writer.patch(target, patch.apply, patch.duplicates, write);
    this.#sendWritten(call, shape, write, patched, 200);
  }

  /** A Scale is a view: what is written through it is the object. */
  async #scale(call: ResourceCall, paths: ScalePaths): Promise<void> {
    const { verb, target, request, response } = call;
    const { form } = shapeOf(call);
    if (verb === 'get') {
      const { value } = readStored(this.#deps.store, target);
      return sendValue(response, 200, scaleOf(paths, value), form);
    }
    const body = await this.#body(request);
    const { custom } = target.definition;
    const change =
      verb === 'patch'
        ? parsePatch(scaleDefinition(target), contentType(request), body)
        : decodedChange(decodeObjectBody(body, contentType(request), custom));
    const write = this.#writeCall(verb === 'patch' ? 'PatchOptions' : 'UpdateOptions', call);
    const apply = (current: DynamicObject): unknown =>
      withScale(target, paths, current, change.apply({ ...scaleOf(paths, current) }));
    const written = await this.#deps.writer.patch(target, apply, change.duplicates, write);
    setWarnings(response, write.warnings);
    return sendValue(response, 200, scaleOf(paths, written), form);
  }

  async #delete(call: ResourceCall): Promise<void> {
    const { target, response } = call;
    const shape = shapeOf(call);
    const result = await this.#deps.remover.remove(target, await this.#deleteCall(call));
    const object = isStatus(result)
      ? result
      : showObject(this.#representation(target), shape, result);
    sendValue(response, 200, object, shape.form);
  }

  async #deleteCollection(call: ResourceCall): Promise<void> {
    const { target, query, response } = call;
    const shape = shapeOf(call);
    const options = parseListOptions(query);
    const deleteCall = await this.#deleteCall(call);
    const { objects, metadata } = this.#deps.lister.list(target, options);
    const targets = objects.map(({ metadata: { name, namespace = '', uid } }) => ({
      target: { ...target, name, namespace },
      uid,
    }));
    await this.#deps.remover.removeAll(targets, deleteCall);
    const list = showList(this.#representation(target), shape, objects, metadata);
    sendValue(response, 200, list, shape.form);
  }

  async #deleteCall(call: ResourceCall): Promise<ReturnType<typeof parseDeleteCall>> {
    const body = await this.#body(call.request);
    // Some clients announce JSON and send nothing.
    if (body.length === 0) return parseDeleteCall(undefined, call.query);
    const { value } = decodeObjectBody(body, contentType(call.request), false);
    return parseDeleteCall(value, call.query);
  }

  #writeCall(
    kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'ApplyOptions',
    { query, request, user, mayCreate }: ResourceCall,
  ): WriteCall {
    const options = parseWriteOptions(kind, query, request.headers['user-agent']);
    return { ...options, warnings: [], user, mayCreate };
  }

  #sendWritten(
    call: ResourceCall,
    shape: Shape,
    write: WriteCall,
    object: KubeObject,
    status: number,
  ): void {
    setWarnings(call.response, write.warnings);
    const value = showObject(this.#representation(call.target), shape, object);
    sendValue(call.response, status, value, shape.form);
  }

  #body(request: IncomingMessage): Promise<Buffer> {
    return readBody(request, this.#limits.bodyBytesMax);
  }

  #representation({ definition }: ResourceTarget): RepresentationDeps {
    const nowMs = this.#deps.clock.nowMs();
    return { definition, table: this.#deps.tableOf(definition), nowMs };
  }
}

/** The form of the answer. @throws StatusError KUBE_NOT_ACCEPTABLE */
function shapeOf({ request, query }: ResourceCall): Shape {
  const negotiated = negotiate(request.headers.accept);
  if (!negotiated) throw notAcceptable(offeredMediaTypes);
  const include = query.get('includeObject');
  return {
    ...negotiated,
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
}

const readVerbs: readonly Verb[] = ['get', 'list', 'watch'];

/** Which verbs a place offers. @throws StatusError KUBE_NOT_FOUND, KUBE_METHOD_NOT_ALLOWED */
function checkOffered({ verb, target }: ResourceCall): void {
  const { definition, subresource, name, namespace } = target;
  if (definition.readOnly === true && !readVerbs.includes(verb)) throw methodNotAllowed();
  if (subresource === '') {
    if (verb === 'create' && definition.closed === true) throw methodNotAllowed();
    const homeless = definition.scope === 'Namespaced' && namespace === '';
    if (verb === 'create' && (name !== '' || homeless)) throw methodNotAllowed();
    if ((verb === 'update' || verb === 'patch') && name === '') throw methodNotAllowed();
    if (verb === 'deletecollection' && homeless) throw methodNotAllowed();
    return;
  }
  const status = subresource === 'status' && definition.statusSubresource;
  const finalize = subresource === 'finalize' && definition.plural === 'namespaces';
  const scale = subresource === 'scale' && definition.scale !== undefined;
  if (!status && !finalize && !scale) throw notFoundPath();
  const verbs = finalize ? ['update'] : ['get', 'update', 'patch'];
  if (!verbs.includes(verb)) throw methodNotAllowed();
}

/** Patches of a Scale merge by its own shape, not by that of the kind behind it. */
function scaleDefinition({ definition }: ResourceTarget): ResourceDefinition {
  return { ...definition, schema: { type: 'object' } };
}

function decodedChange({ value, duplicates }: DecodedBody): Patch {
  return { apply: () => value, duplicates };
}

/** A body as JSON for those who write it down; undefined when it is none. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function contentType(request: IncomingMessage): string | undefined {
  return request.headers['content-type'];
}

function isStatus(result: Status | KubeObject): result is Status {
  return result.kind === 'Status';
}
