/** What dispositions and lost links do to the deliveries of a session. */
import type { DeliveryState } from '../wire/delivery-state.ts';
import type { Disposition } from '../wire/disposition.ts';
import type { Link } from './contract.ts';
import type { ConnectionPart } from './parts.ts';

interface Unsettled {
  readonly link: Link;
  readonly isEnded: boolean;
  onPeerState(state: DeliveryState | undefined, settled: boolean): void;
  onLost(): void;
}

/** Ranges may be far larger than what exists: the smaller of the two is walked. */
export function applyDisposition(
  disposition: Disposition,
  deliveries: Map<number, Unsettled>,
): void {
  const { first, last } = disposition;
  if (first === last) return applyTo(disposition, first, deliveries);
  const span = (last - first) >>> 0;
  if (span < deliveries.size) {
    for (let step = 0; step <= span; step++) applyTo(disposition, (first + step) >>> 0, deliveries);
    return;
  }
  for (const id of Array.from(deliveries.keys())) {
    if ((id - first) >>> 0 <= span) applyTo(disposition, id, deliveries);
  }
}

function applyTo(
  { state, settled }: Disposition,
  id: number,
  deliveries: Map<number, Unsettled>,
): void {
  const delivery = deliveries.get(id);
  if (!delivery) return;
  if (settled && delivery.isEnded) deliveries.delete(id);
  delivery.onPeerState(state, settled);
}

/** Tells the deliveries of a link that they are lost, and forgets them. */
export function loseDeliveriesOf(
  link: Link,
  deliveries: Map<number, Unsettled>,
  connection: ConnectionPart,
): void {
  for (const [id, delivery] of deliveries) {
    if (delivery.link !== link) continue;
    deliveries.delete(id);
    connection.guard(() => delivery.onLost());
  }
}
