/** HTTP kit: a bounded TLS server, routes by segment, whole bodies and answers, one-shot requests. */
export { readBody } from './body.ts';
export { type HttpResponse, type HttpsRequestOptions, httpsRequest } from './client.ts';
export { clientAddress, isInside, networksOf } from './client-address.ts';
export { type ClientCertificate, clientCertificateOf } from './client-certificate.ts';
export { HttpError, type HttpErrorCode } from './errors.ts';
export { type AnswerHead, headerOf } from './pool/answer-head.ts';
export { ConnectionPool, type PoolLimits, type PoolOptions } from './pool/connection-pool.ts';
export type { Exchange, PoolRequest } from './pool/exchange.ts';
export type { AnswerSink } from './pool/pooled-connection.ts';
export { headerText, requestHead } from './pool/request-head.ts';
export { type Reply, sendJson, sendReply, sendText } from './reply.ts';
export { type RouteMatch, Routes } from './routes.ts';
export {
  type HttpHandler,
  type HttpServerDeps,
  type HttpServerLimits,
  type HttpServerOptions,
  type RunningHttpServer,
  startHttpServer,
  type TlsIdentity,
  type UpgradeHandler,
} from './server.ts';
