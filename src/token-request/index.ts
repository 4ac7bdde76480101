/** The TokenRequest API of an API server, and nothing else of it, for callers from outside. */
export { TokenRequestError, type TokenRequestErrorCode } from './errors.ts';
export { parsePolicy, type TokenRequestPolicy } from './policy.ts';
export { type RequestRates, requestRatesDefault } from './request-limits.ts';
export {
  createTokenRequestFace,
  type RunningTokenRequestServer,
  startTokenRequestServer,
  type TokenRequestServerOptions,
} from './server.ts';
