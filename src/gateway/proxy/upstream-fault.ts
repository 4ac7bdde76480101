/** What went wrong on the way to the API server, as the client may know it. */
import { GatewayError } from '../errors.ts';

/** @param timedOut the time for the first byte had passed */
export function upstreamFault(cause: unknown, timedOut = false): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return timedOut
    ? new GatewayError('GATEWAY_UPSTREAM_TIMEOUT', 'the API server did not answer in time', {
        cause,
      })
    : new GatewayError('GATEWAY_UPSTREAM', 'the API server cannot be reached', { cause });
}
