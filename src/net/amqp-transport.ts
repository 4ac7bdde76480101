/** Joins a socket with an AMQP connection machine: flushes once per turn, obeys back-pressure. */
import { AssertionFault } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import type { Connection, ConnectionHandler, ConnectionOptions } from '#amqp/index.ts';
import type { Socket } from 'node:net';

export interface AmqpTransport {
  readonly connection: Connection;
  /** Resolves when the socket is closed; never rejects. */
  readonly closed: Promise<void>;
  /** Cuts the socket at once. */
  abort(cause?: unknown): void;
}

/** Starts the machine on a connected socket, which it owns from now on. */
export function runAmqp(
  _deps: { readonly clock: Clock; readonly handler: ConnectionHandler },
  _socket: Socket,
  _options: ConnectionOptions,
): AmqpTransport {
  throw new AssertionFault('transport follows in the next commit');
}
