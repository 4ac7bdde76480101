/**
 * The management agent: answers requests to `$management` from clients and, for reading, from other
 * routers. Requests run one after another, so that each sees what the one before did.
 */
import { decodeMessage, encodeMessage, type Message } from '#amqp/index.ts';
import { unreachable } from '#base/assert.ts';
import { CodedError, messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { Ring } from '#base/ring.ts';
import {
  type AttributeValue,
  checkChanges,
  completeAttributes,
  decodeRequest,
  encodeResponse,
  type EntityReference,
  type EntitySpec,
  entityTypes,
  findEntityType,
  ManagementError,
  type ManagementRequest,
  type ManagementResponse,
  statusCodeOf,
} from '#management/index.ts';
import { routerAddress } from '#routing/index.ts';
import {
  type MessageConsumer,
  messageRoute,
  type OnOutcome,
  type WholeMessage,
} from '../message.ts';
import type { Router } from '../router.ts';
import type { Entity, EntityKind } from './entity.ts';
import { notFound } from './entity-shelf.ts';

/** Most requests that wait for their turn; more are released. */
const waitingMax = 1024;

interface Waiting {
  readonly message: WholeMessage;
  readonly onOutcome: OnOutcome | undefined;
}

export class ManagementAgent implements MessageConsumer {
  readonly #router: Router;
  readonly #log: Logger;
  readonly #waiting = new Ring<Waiting>(waitingMax);
  #working = false;

  constructor(router: Router, log: Logger) {
    this.#router = router;
    this.#log = log;
  }

  onMessage(message: WholeMessage, onOutcome: OnOutcome | undefined): void {
    if (!this.#waiting.push({ message, onOutcome })) {
      onOutcome?.('released');
      return;
    }
    if (!this.#working) void this.#work();
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    this.#working = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.onOutcome?.('accepted');
      try {
        await this.#answer(next.message);
      } catch (thrown) {
        this.#log.warn('management request cannot be read', { reason: messageOf(thrown) });
      }
    }
    this.#working = false;
  }

  async #answer(whole: WholeMessage): Promise<void> {
    const message = decodeMessage(whole.bytes);
    const replyTo = message.properties?.replyTo;
    if (replyTo === undefined) return;
    const response = await this.#respond(message, whole.route.trace.length > 0);
    const { correlationIdRaw } = message.properties ?? {};
    const bytes = encodeMessage({
      ...encodeResponse(response),
      properties: {
        to: replyTo,
        ...(correlationIdRaw === undefined ? {} : { correlationId: correlationIdRaw }),
      },
    });
    this.#router.dispatch({ route: messageRoute(replyTo), bytes, priority: 4, control: false });
  }

  async #respond(message: Message, remote: boolean): Promise<ManagementResponse> {
    try {
      const request = decodeRequest(message);
      if (remote && changes(request)) {
        throw new ManagementError(
          'MANAGEMENT_FORBIDDEN',
          'entities are changed through a connection to this router only',
        );
      }
      return await this.#perform(request);
    } catch (thrown) {
      if (thrown instanceof ManagementError) return faultResponse(thrown);
      const fault = new ManagementError('MANAGEMENT_INTERNAL', describeFault(thrown));
      this.#log.error('management request failed', { error: thrown });
      return faultResponse(fault);
    }
  }

  async #perform(request: ManagementRequest): Promise<ManagementResponse> {
    switch (request.operation) {
      case 'QUERY':
        return ok(this.#query(request));
      case 'READ':
        return ok(this.#read(request));
      case 'CREATE':
        return await this.#create(request);
      case 'UPDATE':
        return await this.#update(request);
      case 'DELETE':
        return await this.#delete(request);
      case 'GET-MGMT-NODES':
        return ok(
          this.#router.driver.engine
            .routers()
            .filter(({ reachable, self }) => reachable || self)
            .map(({ id }) => routerAddress(id, '$management')),
        );
      default:
        return unreachable(request, 'operation');
    }
  }

  #query(request: Extract<ManagementRequest, { operation: 'QUERY' }>): AttributeValue {
    const specs = request.entityType === undefined ? entityTypes : [findSpec(request.entityType)];
    const names =
      request.attributeNames.length > 0 ? request.attributeNames : attributeNamesOf(specs);
    const known = new Set(attributeNamesOf(specs));
    for (const name of names) {
      if (!known.has(name)) {
        throw new ManagementError('MANAGEMENT_NOT_FOUND', `No attribute named '${name}'`);
      }
    }
    const rows: AttributeValue[] = [];
    for (const spec of specs) {
      for (const entity of this.#router.kinds.get(spec.short)?.entities() ?? []) {
        const shown = show(spec, entity);
        rows.push(names.map((name) => shown[name] ?? null));
      }
    }
    const start = request.offset ?? 0;
    const end = request.count === undefined ? undefined : start + request.count;
    return { attributeNames: [...names], results: rows.slice(start, end) };
  }

  #read(request: EntityReference): AttributeValue {
    const spec = findSpec(request.type);
    return show(spec, this.#find(spec, request));
  }

  async #create(
    request: Extract<ManagementRequest, { operation: 'CREATE' }>,
  ): Promise<ManagementResponse> {
    const spec = findSpec(request.type);
    const kind = this.#allowed(spec, 'CREATE');
    if (kind.create === undefined) throw forbidden(spec, 'CREATE');
    const { name: _name, ...given } = request.attributes;
    const attributes = completeAttributes(spec, given);
    const entity = await kind.create(request.name, attributes);
    this.#router.changed();
    return { statusCode: 201, statusDescription: 'Created', body: show(spec, entity) };
  }

  async #update(
    request: Extract<ManagementRequest, { operation: 'UPDATE' }>,
  ): Promise<ManagementResponse> {
    const spec = findSpec(request.type);
    const kind = this.#allowed(spec, 'UPDATE');
    if (kind.update === undefined) throw forbidden(spec, 'UPDATE');
    const entity = this.#find(spec, request);
    const { type: _type, identity: _identity, ...given } = request.attributes;
    const changed = checkChanges(spec, given, show(spec, entity));
    const updated = await kind.update(entity.identity, changed);
    this.#router.changed();
    return ok(show(spec, updated));
  }

  async #delete(request: EntityReference): Promise<ManagementResponse> {
    const spec = findSpec(request.type);
    const kind = this.#allowed(spec, 'DELETE');
    if (kind.delete === undefined) throw forbidden(spec, 'DELETE');
    await kind.delete(this.#find(spec, request).identity);
    this.#router.changed();
    return { statusCode: 204, statusDescription: 'No Content', body: {} };
  }

  #allowed(spec: EntitySpec, operation: 'CREATE' | 'UPDATE' | 'DELETE'): EntityKind {
    const kind = this.#router.kinds.get(spec.short);
    if (kind === undefined || !spec.operations.includes(operation)) {
      throw forbidden(spec, operation);
    }
    return kind;
  }

  #find(spec: EntitySpec, { name, identity }: EntityReference): Entity {
    if (name === undefined && identity === undefined) {
      throw new ManagementError('MANAGEMENT_BAD_REQUEST', 'No name or identity provided');
    }
    for (const entity of this.#router.kinds.get(spec.short)?.entities() ?? []) {
      if (name !== undefined && entity.name !== name) continue;
      if (identity === undefined || entity.identity === identity) return entity;
    }
    throw notFound(spec.short, name ?? identity ?? '');
  }
}

function findSpec(type: string): EntitySpec {
  const spec = findEntityType(type);
  if (spec === undefined) {
    throw new ManagementError(
      'MANAGEMENT_NOT_FOUND',
      `No such entity type '${type.slice(0, 128)}'`,
    );
  }
  return spec;
}

function forbidden(spec: EntitySpec, operation: string): ManagementError {
  return new ManagementError(
    'MANAGEMENT_FORBIDDEN',
    `Operation '${operation}' not supported for entity type '${spec.full}'`,
  );
}

function show(spec: EntitySpec, entity: Entity): Readonly<Record<string, AttributeValue>> {
  const shown: Record<string, AttributeValue> = {};
  for (const { name, default: initial } of spec.attributes) {
    shown[name] = entity.attributes[name] ?? initial ?? null;
  }
  shown['name'] = entity.name;
  shown['identity'] = entity.identity;
  shown['type'] = spec.full;
  return shown;
}

function attributeNamesOf(specs: readonly EntitySpec[]): string[] {
  return [...new Set(specs.flatMap((spec) => spec.attributes.map(({ name }) => name)))];
}

function ok(body: AttributeValue): ManagementResponse {
  return { statusCode: 200, statusDescription: 'OK', body };
}

function faultResponse(fault: ManagementError): ManagementResponse {
  return { statusCode: statusCodeOf(fault), statusDescription: fault.message, body: {} };
}

function changes({ operation }: ManagementRequest): boolean {
  return operation === 'CREATE' || operation === 'UPDATE' || operation === 'DELETE';
}

/** Only faults that are meant for readers go out; the others are in the log. */
function describeFault(thrown: unknown): string {
  return thrown instanceof CodedError ? thrown.message : 'internal error';
}
