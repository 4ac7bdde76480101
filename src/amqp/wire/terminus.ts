/** Source and target of a link. @spec AMQP-1.0 3.5.3 3.5.4 */
import { Descriptors } from './descriptors.ts';
import { ListFields } from './list-fields.ts';
import {
  type AmqpMap,
  type AmqpValue,
  Described,
  type Encodable,
  sym,
  symArray,
  uint,
} from './typed.ts';

/** When a terminus is forgotten. */
export type ExpiryPolicy = 'link-detach' | 'session-end' | 'connection-close' | 'never';

/** One end of a link as it goes over the wire. All fields may be left out when sending. */
export interface Terminus {
  readonly address?: string | undefined;
  readonly durable?: number | undefined;
  /** What we send; of a peer's, unknown policies read as undefined. */
  readonly expiryPolicy?: ExpiryPolicy | undefined;
  readonly timeoutSec?: number | undefined;
  /** Ask the peer to make up the address. */
  readonly dynamic?: boolean | undefined;
  readonly dynamicNodeProperties?: AmqpMap | undefined;
  /** One capability is sent as a bare symbol, more as an array; both are understood. */
  readonly capabilities?: readonly string[] | undefined;
}

const policies: ReadonlySet<string> = new Set<ExpiryPolicy>([
  'link-detach',
  'session-end',
  'connection-close',
  'never',
]);

const isPolicy = (text: string | undefined): text is ExpiryPolicy =>
  text !== undefined && policies.has(text);

function capabilitiesToValue(names: readonly string[] | undefined): Encodable {
  const [first] = names ?? [];
  if (!names || first === undefined) return null;
  return names.length === 1 ? sym(first) : symArray(names);
}

function headFields(terminus: Terminus): Encodable[] {
  return [
    terminus.address,
    uint(terminus.durable ?? 0),
    sym(terminus.expiryPolicy ?? 'session-end'),
    uint(terminus.timeoutSec ?? 0),
    terminus.dynamic ?? false,
    terminus.dynamicNodeProperties,
  ];
}

/** A source as a value to encode. */
export function sourceToValue(source: Terminus | undefined): Encodable {
  if (!source) return null;
  const fields = headFields(source);
  const capabilities = capabilitiesToValue(source.capabilities);
  if (capabilities !== null) fields.push(null, null, null, null, capabilities);
  return new Described(Descriptors.source, fields);
}

/** A target as a value to encode. */
export function targetToValue(target: Terminus | undefined): Encodable {
  if (!target) return null;
  const fields = headFields(target);
  const capabilities = capabilitiesToValue(target.capabilities);
  if (capabilities !== null) fields.push(capabilities);
  return new Described(Descriptors.target, fields);
}

/** A source or target; undefined for null and for kinds we do not know (coordinators). */
export function terminusOf(described: Described<AmqpValue> | undefined): Terminus | undefined {
  if (!described) return undefined;
  const isSource = described.descriptor === Descriptors.source;
  if (!isSource && described.descriptor !== Descriptors.target) return undefined;
  const fields = new ListFields(described.value);
  const policy = fields.text(2);
  return {
    address: fields.text(0),
    durable: fields.uint(1),
    expiryPolicy: isPolicy(policy) ? policy : undefined,
    timeoutSec: fields.uint(3),
    dynamic: fields.boolean(4) ?? false,
    dynamicNodeProperties: fields.map(5),
    capabilities: fields.symbols(isSource ? 10 : 6),
  };
}
