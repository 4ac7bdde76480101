/** What this router says of itself in `open`, per role. @spec router-protocol 2.2 2.3 */
import { type ConnectionOptions, type Encodable, int, ulong } from '#amqp/index.ts';
import { edgeLinksMax } from '../edge/edge-names.ts';
import { dataRoleNumber, trunkingCapability } from '../peering.ts';

const capabilities = ['ANONYMOUS-RELAY', 'qd.streaming-links', trunkingCapability];
const annotationsVersion = 2;
/** Highest channel: one session per concurrent stream. */
const channelMax = 32_767;
/** Two links per address on one session. */
const edgeHandleMax = 2 * edgeLinksMax;
/** Sessions of a client; far more than any needs. */
const clientChannelMax = 255;
/** Idle time-out that we ask of peers, half of the configured silence. */
export const idleTimeoutMsDefault = 8000;

/** Largest frame that we accept: four TLS records, above which the cost per frame hardly counts. */
export const frameSizeBytesDefault = 65_536;

export interface OpenFieldsInput {
  readonly self: string;
  readonly version: string;
  readonly role: 'client' | 'server';
  readonly kind: 'control' | 'data' | 'edge' | 'normal';
  readonly mechanisms: ConnectionOptions['saslMechanisms'];
  readonly saslOptional?: boolean | undefined;
  readonly hostname?: string | undefined;
  readonly externalIdentity?: string | undefined;
  readonly connectionNumber: number;
  readonly cost: number;
  readonly correlator?: string | undefined;
  /** Generation of the certificate; undefined without TLS. */
  readonly ordinal?: number | undefined;
  /** As listener: identity of its flow record. */
  readonly accessId?: string | undefined;
  readonly idleTimeoutMs: number;
  readonly maxFrameSizeBytes?: number | undefined;
}

export function connectionOptions(input: OpenFieldsInput): ConnectionOptions {
  const properties: Record<string, Encodable> = {
    product: 'drawbridge',
    version: input.version,
    'qd.conn-id': int(input.connectionNumber),
  };
  if (input.kind !== 'normal') properties['qd.annotations-version'] = int(annotationsVersion);
  if (input.cost > 1) properties['qd.inter-router-cost'] = int(input.cost);
  if (input.role === 'client' && input.kind === 'data') {
    properties['qd.inter-router-role'] = int(dataRoleNumber);
  }
  if (input.role === 'client' && input.correlator !== undefined) {
    properties['qd.group-correlator'] = input.correlator;
    if (input.ordinal !== undefined) properties['qd.group-ordinal'] = ulong(input.ordinal);
  }
  if (input.accessId !== undefined) properties['qd.access-id'] = input.accessId;
  return {
    role: input.role,
    containerId: input.self,
    hostname: input.hostname,
    saslMechanisms: input.mechanisms,
    saslOptional: input.saslOptional,
    externalIdentity: input.externalIdentity,
    anonymousTrace: `anonymous@${input.self}`,
    maxFrameSizeBytes: input.maxFrameSizeBytes ?? frameSizeBytesDefault,
    ...(input.kind === 'edge' ? { handleMax: edgeHandleMax } : {}),
    channelMax: input.kind === 'normal' ? clientChannelMax : channelMax,
    idleTimeoutMs: input.idleTimeoutMs,
    offeredCapabilities: capabilities,
    desiredCapabilities: capabilities,
    properties,
  };
}
