/** What became of a delivery, and the error record of AMQP. @spec AMQP-1.0 3.4 2.8.14 */
import type { AmqpMap } from './typed.ts';

/** An error as it goes over the wire. */
export interface AmqpCondition {
  readonly condition: string;
  readonly description?: string | undefined;
  readonly info?: AmqpMap | undefined;
}

export type DeliveryState =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'released' }
  | { readonly kind: 'rejected'; readonly error?: AmqpCondition | undefined }
  | {
      readonly kind: 'modified';
      readonly deliveryFailed: boolean;
      readonly undeliverableHere: boolean;
    }
  /** Progress, not an outcome: `sectionOffset` bytes of section `sectionNumber` have arrived. */
  | { readonly kind: 'received'; readonly sectionNumber: number; readonly sectionOffset: number };

export const accepted: DeliveryState = { kind: 'accepted' };
export const released: DeliveryState = { kind: 'released' };
export const modified = (deliveryFailed = true, undeliverableHere = false): DeliveryState => ({
  kind: 'modified',
  deliveryFailed,
  undeliverableHere,
});
export const rejected = (condition: string, description?: string): DeliveryState => ({
  kind: 'rejected',
  error: { condition, description },
});
/** Progress of a stream: `sectionOffset` bytes have been passed on. */
export const received = (sectionOffset: number, sectionNumber = 0): DeliveryState => ({
  kind: 'received',
  sectionNumber,
  sectionOffset,
});
