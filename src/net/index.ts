/** Sockets: TCP and TLS listeners and connectors, and AMQP over them. */
export { type AmqpTransport, type AmqpTransportDeps, runAmqp } from './amqp-transport.ts';
export { type Connected, type ConnectOptions, connectSocket } from './connect.ts';
export { errorDocs, NetError, type NetErrorCode } from './errors.ts';
export {
  type PeerCertificate,
  type PeerInfo,
  peerInfo,
  type SocketAddress,
  type TlsInfo,
} from './peer-info.ts';
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
  secureContext,
  type TlsClientOptions,
  type TlsMaterial,
  type TlsServerOptions,
} from './tls-material.ts';
