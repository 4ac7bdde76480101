/** Choosing the one consumer of a message to a closest or balanced address. @spec router-protocol 6.3 */
import type { ConnectionId } from './messages.ts';
import { Treatment } from './messages.ts';
import type { RemoteChoice } from './reach.ts';

/** A consumer inside this router. */
export interface LocalConsumer<C> {
  readonly consumer: C;
  /** Deliveries it has not settled yet. */
  readonly outstanding: number;
  /** Deliveries it takes at a time (its credit); at or above it the consumer comes last. */
  readonly capacity: number;
}

export type Destination<C> =
  | { readonly kind: 'local'; readonly consumer: C }
  | { readonly kind: 'remote'; readonly choice: RemoteChoice };

export interface DestinationQuestion<C> {
  readonly treatment: Treatment;
  readonly locals: readonly LocalConsumer<C>[];
  /** From `RoutingEngine.remoteChoices`: cheapest first. */
  readonly remotes: readonly RemoteChoice[];
  /** Our unsettled deliveries over a connection, for balanced addresses. */
  outstandingOver(connection: ConnectionId): number;
  /** Grows by one per question about the address: turns between equal consumers. */
  readonly turn: number;
}

/** The consumer to use; undefined when there is none. Multicast is not decided here. */
export function chooseDestination<C>(question: DestinationQuestion<C>): Destination<C> | undefined {
  if (question.treatment === Treatment.unavailable) return undefined;
  return question.treatment === Treatment.balanced
    ? chooseBalanced(question)
    : chooseClosest(question);
}

function chooseClosest<C>(question: DestinationQuestion<C>): Destination<C> | undefined {
  const { locals, remotes, turn } = question;
  const free = locals.filter((local) => local.outstanding < local.capacity);
  const local = rotate(free.length > 0 ? free : locals, turn);
  if (local !== undefined) return { kind: 'local', consumer: local.consumer };
  const cost = remotes[0]?.cost;
  const choice = rotate(
    remotes.filter((remote) => remote.cost === cost),
    turn,
  );
  return choice === undefined ? undefined : { kind: 'remote', choice };
}

interface Weighed<C> {
  readonly destination: Destination<C>;
  readonly full: boolean;
  readonly value: number;
}

function chooseBalanced<C>(question: DestinationQuestion<C>): Destination<C> | undefined {
  const weighed: Weighed<C>[] = [];
  for (const { consumer, outstanding, capacity } of question.locals) {
    const destination: Destination<C> = { kind: 'local', consumer };
    weighed.push({ destination, full: outstanding >= capacity, value: outstanding });
  }
  for (const choice of question.remotes) {
    const value = question.outstandingOver(choice.connection) + choice.cost;
    weighed.push({ destination: { kind: 'remote', choice }, full: false, value });
  }
  const open = weighed.filter((entry) => !entry.full);
  const usable = open.length > 0 ? open : weighed;
  const least = usable.reduce((value, entry) => Math.min(value, entry.value), Infinity);
  return rotate(
    usable.filter((entry) => entry.value === least),
    question.turn,
  )?.destination;
}

function rotate<T>(items: readonly T[], turn: number): T | undefined {
  return items[turn % Math.max(1, items.length)];
}
