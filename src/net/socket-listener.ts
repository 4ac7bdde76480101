/** Listens for TCP or TLS connections, bounded in number and in time for the handshake. */
import { AssertionFault } from '#base/assert.ts';
import type { Running, Startable } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { Socket } from 'node:net';
import type { TlsMaterial, TlsServerOptions } from './tls-material.ts';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Who is at the other end. */
export interface PeerInfo {
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly tls:
    | {
        readonly protocol: string;
        readonly cipher: string;
        readonly cipherBits: number;
        readonly alpn: string | undefined;
        /** Verified peer certificate. */
        readonly peerCertificate:
          | {
              /** Subject as `CN=...,O=...`. */
              readonly subject: string;
              readonly commonName: string | undefined;
              /** SHA-256, hex without colons, lower case. */
              readonly fingerprint: string;
              /** Hex. */
              readonly serialNumber: string;
              readonly notAfterMs: number;
            }
          | undefined;
      }
    | undefined;
}

export interface SocketListenerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly tls?: TlsServerOptions | undefined;
  /** More connections are closed at once. Default 10000. */
  readonly connectionsMax?: number | undefined;
  /** Longest TLS handshake. Default 5000. */
  readonly handshakeTimeoutMs?: number | undefined;
  readonly keepAliveMs?: number | undefined;
  /** Hold reading until the owner starts it. Default false. */
  readonly pauseOnConnect?: boolean | undefined;
  /** Keep the writing half open after the peer's FIN. Default false. */
  readonly allowHalfOpen?: boolean | undefined;
}

export interface SocketListenerDeps {
  readonly log: Logger;
  /** Owns the socket from now on. */
  readonly onSocket: (socket: Socket, peer: PeerInfo) => void;
}

export interface SocketListener extends Startable<RunningListener> {
  start(signal: AbortSignal): Promise<RunningListener>;
}

export interface RunningListener extends Running {
  readonly address: SocketAddress;
  readonly connectionCount: number;
  /** New connections use this from now on. @throws NetError NET_MATERIAL; the old stays then */
  reload(material: TlsMaterial): void;
  /** Stops listening; sockets already handed over stay with their owners. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

/** @throws NetError NET_LISTEN, NET_MATERIAL from `start` */
export function socketListener(
  _deps: SocketListenerDeps,
  _options: SocketListenerOptions,
): SocketListener {
  throw new AssertionFault('listener follows in the next commit');
}
