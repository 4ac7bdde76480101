/** Stands between handlers and a transport: the whole AMQP connection. */
import { AssertionFault } from '#base/assert.ts';
import type {
  ConnectionDriver,
  ConnectionHandler,
  ConnectionOptions,
  ConnectionSink,
} from './contract.ts';

/** Largest frame we accept unless told otherwise, bytes. */
export const maxFrameSizeDefaultBytes = 65_536 + 512;

/** Makes the machine of one connection; nothing happens before `start`. */
export function createConnection(
  _deps: { readonly sink: ConnectionSink; readonly handler: ConnectionHandler },
  _options: ConnectionOptions,
): ConnectionDriver {
  throw new AssertionFault('connection machine follows in the next commit');
}
