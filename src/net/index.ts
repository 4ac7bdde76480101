/** Sockets: TCP and TLS listeners and connectors, and AMQP over them. */
export { type AmqpTransport, type AmqpTransportDeps, runAmqp } from './amqp-transport.ts';
export { type Connected, type ConnectOptions, connectSocket } from './connect.ts';
export { NetError, type NetErrorCode } from './errors.ts';
export {
  type PeerCertificate,
  type PeerInfo,
  type SocketAddress,
  type TlsInfo,
} from './peer-info.ts';
export { type ProxyOptions } from './proxy-tunnel.ts';
export {
  type Dialed,
  type DialStatus,
  redialer,
  type RedialerDeps,
  type RedialerOptions,
  type RunningRedialer,
} from './redialer.ts';
export {
  type RunningListener,
  type SocketListener,
  socketListener,
  type SocketListenerDeps,
  type SocketListenerOptions,
} from './socket-listener.ts';
export {
  type TlsClientOptions,
  type TlsMaterial,
  type TlsServerOptions,
} from './tls-material.ts';
