/** Management requests and responses as values and as messages. @spec router-protocol 10.2 */
import {
  type AmqpMap,
  type AmqpValue,
  type Encodable,
  int,
  type Message,
  type MessageInit,
} from '#amqp/index.ts';
import { unreachable } from '#base/assert.ts';
import type { Attributes, AttributeValue } from './attribute.ts';
import { ManagementError } from './errors.ts';

/** What names an entity of a type: its name, or its identity. */
export interface EntityReference {
  readonly type: string;
  readonly name?: string | undefined;
  readonly identity?: string | undefined;
}

export type ManagementRequest =
  | {
      readonly operation: 'QUERY';
      /** Undefined asks for entities of all types. */
      readonly entityType?: string | undefined;
      /** Empty asks for all. */
      readonly attributeNames: readonly string[];
      readonly offset?: number | undefined;
      readonly count?: number | undefined;
    }
  | ({ readonly operation: 'READ' | 'DELETE' } & EntityReference)
  | {
      readonly operation: 'CREATE';
      readonly type: string;
      readonly name?: string | undefined;
      readonly attributes: Attributes;
    }
  | ({ readonly operation: 'UPDATE'; readonly attributes: Attributes } & EntityReference)
  | { readonly operation: 'GET-MGMT-NODES' };

export interface ManagementResponse {
  readonly statusCode: number;
  readonly statusDescription: string;
  /** Attributes of the entity, the table of a QUERY, the list of GET-MGMT-NODES; `{}` for faults. */
  readonly body: AttributeValue;
}

/** Largest number of attribute names of a QUERY, and of attributes of an entity. */
const entriesMax = 10_000;

/** Sections of a request; the caller adds `to`, `replyTo` and the correlation id. */
export function encodeRequest(request: ManagementRequest): MessageInit {
  const { operation } = request;
  switch (operation) {
    case 'QUERY': {
      const { entityType, attributeNames, offset, count } = request;
      return {
        applicationProperties: given({
          operation,
          entityType,
          offset: offset === undefined ? undefined : int(offset),
          count: count === undefined ? undefined : int(count),
        }),
        body: value(new Map([['attributeNames', attributeNames]])),
      };
    }
    case 'READ':
    case 'DELETE': {
      const { type, name, identity } = request;
      return {
        applicationProperties: given({ operation, type, name, identity }),
        body: value(null),
      };
    }
    case 'CREATE': {
      const { type, name, attributes } = request;
      return {
        applicationProperties: given({ operation, type, name }),
        body: value(encodeAttributes(name === undefined ? attributes : { name, ...attributes })),
      };
    }
    case 'UPDATE': {
      const { type, name, identity, attributes } = request;
      return {
        applicationProperties: given({ operation, type, name, identity }),
        body: value(encodeAttributes(attributes)),
      };
    }
    case 'GET-MGMT-NODES':
      return { applicationProperties: given({ operation }), body: value(null) };
    default:
      return unreachable(operation, 'operation');
  }
}

/**
 * Reads a request.
 * @throws ManagementError MANAGEMENT_BAD_REQUEST, MANAGEMENT_NOT_IMPLEMENTED; to be answered
 */
export function decodeRequest(message: Message): ManagementRequest {
  const text = (name: string): string | undefined => {
    const found = message.applicationProperties?.get(name);
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const operation = text('operation')?.toUpperCase();
  if (operation === undefined) throw bad('The request has no operation');
  const name = text('name');
  const identity = text('identity');
  switch (operation) {
    case 'QUERY': {
      const body = bodyMap(message);
      const names = body.get('attributeNames') ?? [];
      if (!Array.isArray(names) || names.length > entriesMax)
        throw bad('attributeNames is no list');
      return {
        operation,
        entityType: text('entityType') ?? text('type'),
        attributeNames: names.map(String),
        offset: wholeNumber(message.applicationProperties?.get('offset')),
        count: wholeNumber(message.applicationProperties?.get('count')),
      };
    }
    case 'READ':
    case 'DELETE':
      return { operation, type: needType(text('type')), name, identity };
    case 'CREATE': {
      const attributes = decodeMap(bodyMap(message));
      const inBody = attributes['name'];
      const named = typeof inBody === 'string' && inBody !== '' ? inBody : undefined;
      return { operation, type: needType(text('type')), name: name ?? named, attributes };
    }
    case 'UPDATE': {
      const attributes = decodeMap(bodyMap(message));
      return { operation, type: needType(text('type')), name, identity, attributes };
    }
    case 'GET-MGMT-NODES':
      return { operation };
    default:
      throw new ManagementError(
        'MANAGEMENT_NOT_IMPLEMENTED',
        `The operation ${operation.slice(0, 64)} is not implemented`,
      );
  }
}

/** Sections of a response; the caller adds `to` and the correlation id of the request. */
export function encodeResponse(response: ManagementResponse): MessageInit {
  return {
    applicationProperties: {
      statusCode: int(response.statusCode),
      statusDescription: response.statusDescription,
    },
    body: value(encodeValue(response.body)),
  };
}

/** @throws ManagementError MANAGEMENT_RESPONSE_INVALID */
export function decodeResponse(message: Message): ManagementResponse {
  const statusCode = wholeNumber(message.applicationProperties?.get('statusCode'));
  if (statusCode === undefined) {
    throw new ManagementError('MANAGEMENT_RESPONSE_INVALID', 'the response has no status code');
  }
  const description = message.applicationProperties?.get('statusDescription');
  const body = message.body?.kind === 'value' ? message.body.value : null;
  return {
    statusCode,
    statusDescription: typeof description === 'string' ? description : '',
    body: decodeValue(body),
  };
}

/**
 * The rows of a QUERY response as attributes by name, without those that are null.
 * @throws ManagementError MANAGEMENT_RESPONSE_INVALID
 */
export function decodeRows(response: ManagementResponse): Attributes[] {
  const { body } = response;
  const names = isMap(body) ? body['attributeNames'] : undefined;
  const results = isMap(body) ? body['results'] : undefined;
  if (!Array.isArray(names) || !Array.isArray(results)) {
    throw new ManagementError('MANAGEMENT_RESPONSE_INVALID', 'the response of QUERY has no table');
  }
  return results.map((row: AttributeValue) => {
    const attributes: Record<string, AttributeValue> = {};
    if (!Array.isArray(row)) return attributes;
    for (const [index, name] of names.entries()) {
      const found: AttributeValue | undefined = row[index];
      if (found !== undefined && found !== null) attributes[String(name)] = found;
    }
    return attributes;
  });
}

export function isMap(
  body: AttributeValue | undefined,
): body is { readonly [key: string]: AttributeValue } {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function given(fields: Readonly<Record<string, Encodable>>): ReadonlyMap<string, Encodable> {
  return new Map(Object.entries(fields).filter(([, field]) => field !== undefined));
}

function value(encodable: Encodable): { kind: 'value'; value: Encodable } {
  return { kind: 'value', value: encodable };
}

function encodeAttributes(attributes: Attributes): ReadonlyMap<string, Encodable> {
  const map = new Map<string, Encodable>();
  for (const [name, attribute] of Object.entries(attributes)) {
    if (attribute !== undefined) map.set(name, encodeValue(attribute));
  }
  return map;
}

function encodeValue(attribute: AttributeValue): Encodable {
  if (Array.isArray(attribute)) return attribute.map((entry: AttributeValue) => encodeValue(entry));
  return isMap(attribute) ? encodeAttributes(attribute) : (attribute as Encodable);
}

function bodyMap(message: Message): AmqpMap {
  const body = message.body?.kind === 'value' ? message.body.value : null;
  if (body === null) return new Map();
  if (!(body instanceof Map) || body.size > entriesMax) throw bad('The body is no map');
  return body;
}

function decodeMap(map: AmqpMap): Readonly<Record<string, AttributeValue>> {
  // Object.fromEntries defines `__proto__` like any other name instead of setting it.
  return Object.fromEntries(
    [...map].flatMap(([name, entry]) =>
      typeof name === 'string' ? [[name, decodeValue(entry)]] : [],
    ),
  );
}

/** Binary and described values, which no attribute has, become null. */
function decodeValue(entry: AmqpValue): AttributeValue {
  if (typeof entry === 'bigint') return Number(entry);
  if (typeof entry !== 'object' || entry === null) return entry;
  if (Array.isArray(entry)) return entry.map((inner: AmqpValue) => decodeValue(inner));
  return entry instanceof Map ? decodeMap(entry) : null;
}

function wholeNumber(found: AmqpValue | undefined): number | undefined {
  const number = typeof found === 'bigint' ? Number(found) : found;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0
    ? number
    : undefined;
}

function needType(type: string | undefined): string {
  if (type === undefined) throw bad('The request has no type');
  return type;
}

function bad(message: string): ManagementError {
  return new ManagementError('MANAGEMENT_BAD_REQUEST', message);
}
