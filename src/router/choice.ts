/** Which of several destinations gets the next stream or message. */
import type { ConnectionId, RemoteChoice } from '#routing/index.ts';
import type { MobileAddress, MobileConsumer } from './address-table.ts';

export type Choice =
  | { readonly kind: 'local'; readonly consumer: MobileConsumer }
  | { readonly kind: 'remote'; readonly connection: ConnectionId };

/** Local consumers in turn, else the nearest routers in turn. */
export function chooseClosest(
  locals: readonly MobileConsumer[],
  remotes: readonly RemoteChoice[],
  turn: number,
): Choice | undefined {
  const consumer = locals[turn % Math.max(1, locals.length)];
  if (consumer !== undefined) return { kind: 'local', consumer };
  const nearest = remotes.filter((remote) => remote.cost === remotes[0]?.cost);
  const remote = nearest[turn % Math.max(1, nearest.length)];
  return remote === undefined ? undefined : { kind: 'remote', connection: remote.connection };
}

/** The smallest of: open deliveries of a local consumer, open deliveries plus cost of a router. */
export function chooseBalanced(
  locals: readonly MobileConsumer[],
  remotes: readonly RemoteChoice[],
  turn: number,
  address: MobileAddress | undefined,
): Choice | undefined {
  let best: Choice | undefined;
  let bestValue = Number.POSITIVE_INFINITY;
  for (let index = 0; index < locals.length; index++) {
    const consumer = locals[(index + turn) % locals.length];
    if (consumer === undefined || consumer.outstanding >= bestValue) continue;
    best = { kind: 'local', consumer };
    bestValue = consumer.outstanding;
  }
  for (let index = 0; index < remotes.length; index++) {
    const remote = remotes[(index + turn) % remotes.length];
    if (remote === undefined) continue;
    const value = remote.cost + (address?.outstanding.get(remote.connection) ?? 0);
    if (value >= bestValue) continue;
    best = { kind: 'remote', connection: remote.connection };
    bestValue = value;
  }
  return best;
}

/** Counts one outstanding delivery. @returns what takes it back */
export function track(address: MobileAddress, choice: Choice): () => void {
  if (choice.kind === 'local') {
    choice.consumer.outstanding++;
    return () => {
      choice.consumer.outstanding--;
    };
  }
  const { outstanding } = address;
  const { connection } = choice;
  outstanding.set(connection, (outstanding.get(connection) ?? 0) + 1);
  return () => {
    const left = (outstanding.get(connection) ?? 1) - 1;
    if (left <= 0) outstanding.delete(connection);
    else outstanding.set(connection, left);
  };
}
