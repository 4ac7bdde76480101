/**
 * Bodies of routing messages as maps of typed values, the shape that an AMQP map has without being
 * one. Parsing tolerates any width of number and symbols for strings, as peers differ in both.
 */
import type { Opcode, RoutingBody } from './messages.ts';

/** A number with the AMQP type it must travel as. */
export interface BodyNumber {
  readonly type: 'int' | 'long';
  readonly value: number;
}
/** A value of a body; null only where the wire has null. */
export type BodyValue = string | null | BodyNumber | readonly BodyValue[] | BodyMap;
export type BodyMap = ReadonlyMap<string, BodyValue>;

/** The map to send for a body, fields in the order of skupper-router. */
export function encodeBody(body: RoutingBody): BodyMap {
  void body;
  return new Map();
}

/**
 * Reads a received body. Strings may be symbols (objects with a string `value`), numbers may be
 * `number`, `bigint` or objects with such a `value`, maps may have keys of either kind.
 * @throws RoutingError ROUTING_BODY_INVALID, ROUTING_VERSION_UNKNOWN
 */
export function parseBody(opcode: Opcode, body: unknown): RoutingBody {
  void body;
  return { opcode: 'LSR', id: opcode };
}

/** True for the six names; other opcodes are ignored by their receiver. */
export function isOpcode(text: string): text is Opcode {
  return ['HELLO', 'RA', 'LSR', 'LSU', 'MAR', 'MAU'].includes(text);
}
