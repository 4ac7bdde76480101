/** Sockets: TCP and TLS listeners and connectors, and AMQP over them. */
export { type AmqpTransport, runAmqp } from './amqp-transport.ts';
export { type Connected, type ConnectOptions, connectSocket } from './connect.ts';
export { errorDocs, NetError, type NetErrorCode } from './errors.ts';
export {
  type Dialed,
  type DialStatus,
  redialer,
  type RedialerDeps,
  type RedialerOptions,
  type RunningRedialer,
} from './redialer.ts';
export {
  type PeerInfo,
  type RunningListener,
  type SocketAddress,
  type SocketListener,
  socketListener,
  type SocketListenerDeps,
  type SocketListenerOptions,
} from './socket-listener.ts';
export type { TlsClientOptions, TlsMaterial, TlsServerOptions } from './tls-material.ts';
