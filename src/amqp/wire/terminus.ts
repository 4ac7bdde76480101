/** Source and target of a link. @spec AMQP-1.0 3.5.3 3.5.4 */
import type { AmqpMap } from './typed.ts';

/** When a terminus is forgotten. */
export type ExpiryPolicy = 'link-detach' | 'session-end' | 'connection-close' | 'never';

/** One end of a link as it goes over the wire. All fields may be left out when sending. */
export interface Terminus {
  readonly address?: string | undefined;
  readonly durable?: number | undefined;
  readonly expiryPolicy?: ExpiryPolicy | string | undefined;
  readonly timeoutSec?: number | undefined;
  /** Ask the peer to make up the address. */
  readonly dynamic?: boolean | undefined;
  readonly dynamicNodeProperties?: AmqpMap | undefined;
  /** One capability is sent as a bare symbol, more as an array; both are understood. */
  readonly capabilities?: readonly string[] | undefined;
}
