/** Faults of the store as answers of the API. */
import { unreachable } from '#base/assert.ts';
import {
  expired,
  internalError,
  resourceVersionTooLarge,
  serviceUnavailable,
  tooManyRequests,
} from '#kube/index.ts';
import { StoreError } from '#store/index.ts';

/** The StatusError of a StoreError; anything else as it is. */
export function storeFault(thrown: unknown): unknown {
  if (!(thrown instanceof StoreError)) return thrown;
  const { code, facts } = thrown;
  switch (code) {
    case 'STORE_OVERLOADED':
      return tooManyRequests(1);
    case 'STORE_CLOSED':
      return serviceUnavailable('the server is shutting down');
    case 'STORE_DISK_FULL':
    case 'STORE_TOO_MANY_OBJECTS':
      return serviceUnavailable('the server has no room for another write');
    case 'STORE_COMPACTED':
      return expired();
    case 'STORE_REVISION_FUTURE':
      return resourceVersionTooLarge(Number(facts['revision']), Number(facts['current']));
    case 'STORE_IN_USE':
    case 'STORE_FORMAT_NEWER':
    case 'STORE_CORRUPT':
    case 'STORE_IO':
    case 'STORE_CONFLICT':
      return internalError('the store failed', thrown);
    default:
      return unreachable(code, 'store error');
  }
}
