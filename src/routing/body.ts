/**
 * Bodies of routing messages as maps of typed values, the shape that an AMQP map has without being
 * one. Parsing tolerates any width of number and symbols for strings, as peers differ in both.
 */
import { unreachable } from '#base/assert.ts';
import { RoutingError } from './errors.ts';
import type {
  AddressDescriptor,
  DifferentialChange,
  MobileAddressUpdate,
  Opcode,
  RoutingBody,
} from './messages.ts';
import { routingArea, Treatment } from './messages.ts';

/** A number with the AMQP type it must travel as. */
export interface BodyNumber {
  readonly type: 'int' | 'long';
  readonly value: number;
}
/** A value of a body; null only where the wire has null. */
export type BodyValue = string | null | BodyNumber | readonly BodyValue[] | BodyMap;
export type BodyMap = ReadonlyMap<string, BodyValue>;

const opcodes: ReadonlySet<string> = new Set<Opcode>(['HELLO', 'RA', 'LSR', 'LSU', 'MAR', 'MAU']);

/** Newest protocol version we understand: HELLO, RA, LSR and LSU; MAR and MAU are one ahead. */
const versionMax = 1;
const mobileVersionMax = 2;

/** Longest router id or address key taken from a peer, in UTF-16 units. */
export const nameLengthMax = 1024;
/** Most entries of one list or map taken from a peer. */
const entriesMax = 65_536;
/** True for the six names; other opcodes are ignored by their receiver. */
export function isOpcode(text: string): text is Opcode {
  return opcodes.has(text);
}

/**
 * The map to send for a body, fields in the order of skupper-router.
 * @spec router-protocol 5
 */
export function encodeBody(body: RoutingBody): BodyMap {
  const map = new Map<string, BodyValue>([
    ['id', body.id],
    ['pv', isMobile(body.opcode) ? long(mobileVersionMax) : int(versionMax)],
    ['area', routingArea],
  ]);
  switch (body.opcode) {
    case 'HELLO':
      return map.set('instance', int(body.instance)).set('seen', body.seen);
    case 'RA':
      return map
        .set('instance', int(body.instance))
        .set('ls_seq', int(body.lsSeq))
        .set('mobile_seq', int(body.mobileSeq));
    case 'LSR':
      return map;
    case 'LSU':
      return map
        .set('instance', int(body.instance))
        .set('ls_seq', int(body.lsSeq))
        .set('ls', encodeLinkState(body.id, body.lsSeq, body.peers));
    case 'MAR':
      return map.set('have_seq', long(body.haveSeq));
    case 'MAU':
      return encodeChange(map.set('mobile_seq', long(body.mobileSeq)), body);
    default:
      return unreachable(body, 'opcode');
  }
}

/**
 * Reads a received body. Strings may be symbols (objects with a string `value`), numbers may be
 * `number`, `bigint` or objects with such a `value`, maps may have keys of either kind.
 * @param treatmentDefault treatment of an address whose hint is missing or unknown
 * @throws RoutingError ROUTING_BODY_INVALID, ROUTING_VERSION_UNKNOWN
 */
export function parseBody(
  opcode: Opcode,
  body: unknown,
  treatmentDefault: Treatment = Treatment.balanced,
): RoutingBody {
  const fields = new Fields(opcode, body, treatmentDefault);
  const version = fields.optionalInteger('pv') ?? 0;
  if (version > (isMobile(opcode) ? mobileVersionMax : versionMax)) {
    throw new RoutingError('ROUTING_VERSION_UNKNOWN', `${opcode} has protocol version ${version}`, {
      facts: { opcode, version },
    });
  }
  const id = fields.name('id');
  switch (opcode) {
    case 'HELLO':
      return { opcode, id, instance: fields.instance(), seen: fields.names('seen') };
    case 'RA': {
      const lsSeq = fields.integer('ls_seq');
      return {
        opcode,
        id,
        instance: fields.instance(),
        lsSeq,
        mobileSeq: fields.integer('mobile_seq'),
      };
    }
    case 'LSR':
      return { opcode, id };
    case 'LSU':
      return {
        opcode,
        id,
        instance: fields.instance(),
        lsSeq: fields.integer('ls_seq'),
        peers: fields.inner('ls').costs('peers'),
      };
    case 'MAR':
      return { opcode, id, haveSeq: fields.integer('have_seq') };
    case 'MAU':
      return { opcode, id, mobileSeq: fields.integer('mobile_seq'), change: parseChange(fields) };
    default:
      return unreachable(opcode, 'opcode');
  }
}

function isMobile(opcode: Opcode): boolean {
  return opcode === 'MAR' || opcode === 'MAU';
}

function int(value: number): BodyNumber {
  return { type: 'int', value };
}

function long(value: number): BodyNumber {
  return { type: 'long', value };
}

function encodeLinkState(id: string, lsSeq: number, peers: ReadonlyMap<string, number>): BodyMap {
  const costs = new Map<string, BodyValue>();
  for (const [peer, cost] of peers) costs.set(peer, int(cost));
  return new Map<string, BodyValue>([
    ['id', id],
    ['area', routingArea],
    ['ls_seq', int(lsSeq)],
    ['peers', costs],
  ]);
}

function encodeChange(map: Map<string, BodyValue>, body: MobileAddressUpdate): BodyMap {
  const { change } = body;
  if (change.kind === 'absolute') return map.set('exist', change.exist.map(encodeDescriptor));
  return map.set('add', change.add.map(encodeDescriptor)).set(
    'del',
    change.del.map((key) => [key]),
  );
}

function encodeDescriptor(address: AddressDescriptor): BodyValue {
  const fields: BodyValue[] = [address.key, int(address.treatment), int(address.producers)];
  if (address.meshId !== undefined) fields.push(null, address.meshId);
  return fields;
}

function parseChange(fields: Fields): MobileAddressUpdate['change'] {
  const exist = fields.optionalList('exist');
  const add = fields.optionalList('add');
  const del = fields.optionalList('del');
  if (exist !== undefined) {
    if (add !== undefined || del !== undefined) fields.fail('exist', 'comes with add or del');
    return { kind: 'absolute', exist: exist.map((entry) => parseDescriptor(fields, entry)) };
  }
  if (add === undefined || del === undefined) return fields.fail('add', 'comes without del');
  const change: DifferentialChange = {
    kind: 'differential',
    add: add.map((entry) => parseDescriptor(fields, entry)),
    del: del.map((entry) => parseKey(fields, Array.isArray(entry) ? entry[0] : entry)),
  };
  return change;
}

function parseDescriptor(fields: Fields, entry: unknown): AddressDescriptor {
  if (!Array.isArray(entry)) return fields.fail('exist', 'has an entry that is no list');
  const meshId = textOf(entry[4]);
  return {
    key: parseKey(fields, entry[0]),
    treatment: treatmentOf(integerOf(entry[1])) ?? fields.treatmentDefault,
    producers: Math.max(0, integerOf(entry[2]) ?? 0),
    meshId: meshId === undefined || meshId.length > nameLengthMax ? undefined : meshId,
  };
}

function parseKey(fields: Fields, value: unknown): string {
  const key = textOf(value);
  if (key === undefined || key.length < 2 || key.length > nameLengthMax) {
    return fields.fail('exist', 'has an address key that is none');
  }
  return key;
}

function treatmentOf(value: number | undefined): Treatment | undefined {
  return Object.values(Treatment).find((known) => known === value);
}

/** Reads the fields of one map, with the opcode for the fault. */
class Fields {
  readonly #opcode: Opcode;
  readonly #map = new Map<string, unknown>();
  readonly treatmentDefault: Treatment;

  constructor(opcode: Opcode, body: unknown, treatmentDefault: Treatment) {
    this.#opcode = opcode;
    this.treatmentDefault = treatmentDefault;
    if (!(body instanceof Map)) this.fail('body', 'is no map');
    if (body.size > entriesMax) this.fail('body', 'is too large');
    for (const [key, value] of body) {
      const name = textOf(key);
      if (name !== undefined) this.#map.set(name, value);
    }
  }

  fail(field: string, what: string): never {
    throw new RoutingError('ROUTING_BODY_INVALID', `${this.#opcode}: ${field} ${what}`, {
      facts: { opcode: this.#opcode, field },
    });
  }

  name(field: string): string {
    return this.#nameOf(field, this.#map.get(field));
  }

  names(field: string): string[] {
    const list = this.optionalList(field) ?? this.fail(field, 'is missing');
    return list.map((entry) => this.#nameOf(field, entry));
  }

  integer(field: string): number {
    const value = this.optionalInteger(field) ?? this.fail(field, 'is no number');
    if (value < 0) this.fail(field, 'is negative');
    return value;
  }

  /** Absent means 0: a router that does not tell restarts apart. */
  instance(): number {
    return this.optionalInteger('instance') ?? 0;
  }

  optionalInteger(field: string): number | undefined {
    return integerOf(this.#map.get(field));
  }

  optionalList(field: string): readonly unknown[] | undefined {
    const value = this.#map.get(field);
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) return this.fail(field, 'is no list');
    if (value.length > entriesMax) this.fail(field, 'is too long');
    return value;
  }

  inner(field: string): Fields {
    return new Fields(this.#opcode, this.#map.get(field), this.treatmentDefault);
  }

  costs(field: string): Map<string, number> {
    const value = this.#map.get(field);
    if (!(value instanceof Map)) return this.fail(field, 'is no map');
    if (value.size > entriesMax) this.fail(field, 'is too large');
    const costs = new Map<string, number>();
    for (const [key, entry] of value) {
      const cost = integerOf(entry);
      if (cost === undefined || cost < 1) this.fail(field, 'has a cost below 1');
      costs.set(this.#nameOf(field, key), cost);
    }
    return costs;
  }

  #nameOf(field: string, value: unknown): string {
    const text = textOf(value);
    if (text === undefined || text === '' || text.length > nameLengthMax || /[/\s]/u.test(text)) {
      return this.fail(field, 'is no router id');
    }
    return text;
  }
}

function textOf(value: unknown): string | undefined {
  const inner = unwrap(value);
  return typeof inner === 'string' ? inner : undefined;
}

function integerOf(value: unknown): number | undefined {
  const inner = unwrap(value);
  const number = typeof inner === 'bigint' ? Number(inner) : inner;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/** Typed values and symbols of codecs carry the plain one as `value`. */
function unwrap(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}
