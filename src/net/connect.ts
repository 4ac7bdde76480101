/** Makes one TCP or TLS connection. */
import { messageOf } from '#base/errors.ts';
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { NetError, type NetErrorCode } from './errors.ts';
import { type PeerInfo, peerInfo } from './peer-info.ts';
import { openTunnel, type ProxyOptions } from './proxy-tunnel.ts';
import { keepAliveDefaultMs } from './socket-listener.ts';
import { secureContext, type TlsClientOptions } from './tls-material.ts';

/** Longest wait for TCP and TLS together unless told otherwise. */
export const connectTimeoutDefaultMs = 5000;

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsClientOptions | undefined;
  /** Goes through this HTTP proxy, which also looks up the host. */
  readonly proxy?: ProxyOptions | undefined;
  /** For TCP and TLS together. Default {@link connectTimeoutDefaultMs}. */
  readonly timeoutMs?: number | undefined;
  /** Default {@link keepAliveDefaultMs}. */
  readonly keepAliveMs?: number | undefined;
  readonly allowHalfOpen?: boolean | undefined;
}

export interface Connected {
  /** Not read from yet. The owner must attach an `error` listener at once. */
  readonly socket: Socket;
  readonly peer: PeerInfo;
}

/** @throws NetError NET_CONNECT, NET_CONNECT_TIMEOUT, NET_PROXY, NET_TLS, NET_MATERIAL, NET_STOPPED */
export async function connectSocket(
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Connected> {
  if (signal.aborted) throw new NetError('NET_STOPPED', 'connecting was given up');
  const { proxy, tls } = options;
  const tunnel = proxy === undefined ? undefined : await throughProxy(options, proxy, signal);
  const socket =
    tls === undefined ? (tunnel ?? connectTcp(tcpOptions(options))) : openTls(options, tls, tunnel);
  if (socket !== tunnel) await whenReady(socket, options, signal);
  return { socket, peer: peerInfo(socket) };
}

async function throughProxy(
  options: ConnectOptions,
  proxy: ProxyOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port, timeoutMs = connectTimeoutDefaultMs } = options;
  const near = { ...options, host: proxy.host, port: proxy.port, tls: undefined };
  const socket = connectTcp(tcpOptions(near));
  await whenReady(socket, near, signal);
  await openTunnel(socket, proxy, { host, port, timeoutMs }, signal);
  return socket;
}

function tcpOptions(options: ConnectOptions): TcpNetConnectOpts {
  return {
    host: options.host,
    port: options.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: options.keepAliveMs ?? keepAliveDefaultMs,
    allowHalfOpen: options.allowHalfOpen ?? false,
    autoSelectFamily: true,
  };
}

/** @param over the connection to use; a new one when undefined */
function openTls(
  options: ConnectOptions,
  tls: TlsClientOptions,
  over: Socket | undefined,
): TLSSocket {
  const name = tls.serverName ?? options.host;
  return connectTls({
    ...(over === undefined ? tcpOptions(options) : { socket: over }),
    secureContext: secureContext(tls.material),
    // An IP address may not be sent as a server name (RFC 6066 3).
    ...(isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: true,
    checkServerIdentity: tls.verifyHostname
      ? (_host, certificate) => checkServerIdentity(name, certificate)
      : () => undefined,
    ...(tls.alpnProtocols ? { ALPNProtocols: Array.from(tls.alpnProtocols) } : {}),
  });
}

function whenReady(socket: Socket, options: ConnectOptions, signal: AbortSignal): Promise<void> {
  const { host, port } = options;
  const event = options.tls ? 'secureConnect' : 'connect';
  const timeoutMs = options.timeoutMs ?? connectTimeoutDefaultMs;
  return new Promise((resolve, reject) => {
    let isTcpUp = options.tls !== undefined && options.proxy !== undefined;
    const fail = (code: NetErrorCode, what: string, cause?: unknown): void => {
      release();
      socket.on('error', () => undefined);
      socket.destroy();
      const message = `${host}:${port}: ${what}`;
      reject(new NetError(code, message, { retry: 'backoff', facts: { host, port }, cause }));
    };
    const onConnect = (): void => {
      isTcpUp = true;
    };
    const onError = (cause: Error): void => {
      fail(options.tls && isTcpUp ? 'NET_TLS' : 'NET_CONNECT', messageOf(cause), cause);
    };
    const onClose = (): void => fail('NET_CONNECT', 'closed while connecting');
    const onAbort = (): void => fail('NET_STOPPED', 'connecting was given up');
    const onReady = (): void => {
      release();
      resolve();
    };
    const timer = setTimeout(() => fail('NET_CONNECT_TIMEOUT', 'no answer in time'), timeoutMs);
    const release = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose).off('connect', onConnect);
      socket.off(event, onReady);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError).on('close', onClose).on('connect', onConnect).on(event, onReady);
  });
}
