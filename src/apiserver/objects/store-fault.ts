/** Faults of the store as answers of the API. */
import { unreachable } from '#base/assert.ts';
import {
  expired,
  insufficientStorage,
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
      return insufficientStorage(
        'the disk of the server is full, nothing was changed: free some space there and try again',
      );
    case 'STORE_TOO_MANY_OBJECTS':
      return insufficientStorage('the server holds as many objects as it may: delete some first');
    case 'STORE_COMPACTED':
      return expired();
    case 'STORE_REVISION_FUTURE':
      return resourceVersionTooLarge(Number(facts['revision']), Number(facts['current']));
    case 'STORE_IN_USE':
    case 'STORE_FORMAT_NEWER':
    case 'STORE_CORRUPT':
    case 'STORE_IO':
    case 'STORE_CONFLICT':
    case 'STORE_KEY_MISSING':
    case 'STORE_KEY_UNUSABLE':
    case 'STORE_EXISTS':
    case 'STORE_ABSENT':
      return internalError('the store failed', thrown);
    default:
      return unreachable(code, 'store error');
  }
}
