/** The simplest sign of life: something accepts a TCP connection. */
import { connect } from 'node:net';

/** How long one attempt may take; milliseconds. */
const connectMsMax = 1_000;

/** True when `host:port` accepts a connection. */
export async function acceptsTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMsMax });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => end(true));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
  });
}
