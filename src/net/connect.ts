/** Makes one TCP or TLS connection. */
import { AssertionFault } from '#base/assert.ts';
import type { Socket } from 'node:net';
import type { PeerInfo } from './socket-listener.ts';
import type { TlsClientOptions } from './tls-material.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsClientOptions | undefined;
  /** For TCP and TLS together. Default 5000. */
  readonly timeoutMs?: number | undefined;
  readonly keepAliveMs?: number | undefined;
  readonly allowHalfOpen?: boolean | undefined;
}

export interface Connected {
  /** Paused until someone reads. */
  readonly socket: Socket;
  readonly peer: PeerInfo;
}

/** @throws NetError NET_CONNECT, NET_CONNECT_TIMEOUT, NET_TLS, NET_MATERIAL, NET_STOPPED */
export function connectSocket(_options: ConnectOptions, _signal: AbortSignal): Promise<Connected> {
  throw new AssertionFault('connector follows in the next commit');
}
