/**
 * A TCP connection through an HTTP proxy: CONNECT, a 2xx answer, and from then on the octets of the
 * other side. What the proxy answers is bounded and never shown beyond its status line.
 */
import { isIPv6, type Socket } from 'node:net';
import { NetError } from './errors.ts';

export interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Basic authentication. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
}

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
  /** For the proxy's answer. */
  readonly timeoutMs: number;
}

/** Longest answer of a proxy up to its empty line, bytes. */
const answerBytesMax = 8192;
/** Longest status line that is shown, characters. */
const statusShownMax = 100;
const hostPattern = /^[A-Za-z0-9._:%-]{1,255}$/u;

/**
 * Asks the proxy at the other end of `socket`, which is connected and has not been read from.
 * @throws NetError NET_PROXY, NET_STOPPED; the socket is destroyed then
 */
export function openTunnel(
  socket: Socket,
  proxy: ProxyOptions,
  target: TunnelTarget,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, timeoutMs } = target;
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const release = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('error', onError).off('close', onClose);
    };
    const fail = (what: string, code: 'NET_PROXY' | 'NET_STOPPED' = 'NET_PROXY'): void => {
      release();
      socket.on('error', () => undefined);
      socket.destroy();
      const message = `${host}:${port} through the proxy ${proxy.host}:${proxy.port}: ${what}`;
      reject(new NetError(code, message, { retry: 'backoff', facts: { host, port } }));
    };
    const onError = (cause: Error): void => fail(cause.message);
    const onClose = (): void => fail('the proxy closed the connection');
    const onAbort = (): void => fail('connecting was given up', 'NET_STOPPED');
    const onData = (bytes: Buffer): void => {
      answer = Buffer.concat([answer, bytes]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) {
        if (answer.length > answerBytesMax) fail('the answer of the proxy is too long');
        return;
      }
      const status = statusOf(answer);
      if (status === undefined) fail('the proxy does not speak HTTP');
      else if (!/^HTTP\/1\.[01] 2\d\d/u.test(status)) fail(`the proxy answered ${status}`);
      else {
        release();
        socket.pause();
        const rest = answer.subarray(end + 4);
        if (rest.length > 0) socket.unshift(rest);
        resolve();
      }
    };
    const timer = setTimeout(() => fail('the proxy did not answer in time'), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError).on('close', onClose);
    if (!hostPattern.test(host)) fail('the host cannot be asked of a proxy');
    else socket.on('data', onData).write(requestOf(target, proxy));
  });
}

function requestOf({ host, port }: TunnelTarget, { credentials }: ProxyOptions): string {
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials !== undefined) {
    const text = Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8');
    lines.push(`Proxy-Authorization: Basic ${text.toString('base64')}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The printable part of the status line. */
function statusOf(answer: Buffer): string | undefined {
  const line = answer.subarray(0, answer.indexOf('\r\n')).toString('latin1');
  if (!/^HTTP\/1\.[01] \d{3}/u.test(line)) return undefined;
  return line.replaceAll(/[^\x20-\x7e]/gu, '').slice(0, statusShownMax);
}
