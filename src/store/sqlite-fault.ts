/** SQLite's result codes as our faults. */
import { messageOf } from '#base/errors.ts';
import { StoreError, type StoreErrorCode } from './errors.ts';

/** Primary result codes. @spec SQLite "Result and Error Codes" */
const sqlite = {
  BUSY: 5,
  LOCKED: 6,
  CORRUPT: 11,
  FULL: 13,
  NOTADB: 26,
} as const;

/** The coded form of what a statement threw; `deed` says what was tried. */
export function faultOf(thrown: unknown, deed: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const code = codeOf(thrown);
  return new StoreError(code, `cannot ${deed}: ${messageOf(thrown)}`, {
    cause: thrown,
    retry: code === 'STORE_DISK_FULL' ? 'backoff' : 'never',
  });
}

function codeOf(thrown: unknown): StoreErrorCode {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return 'STORE_IO';
  switch (Number(thrown.errcode) & 0xff) {
    case sqlite.BUSY:
    case sqlite.LOCKED:
      return 'STORE_IN_USE';
    case sqlite.CORRUPT:
    case sqlite.NOTADB:
      return 'STORE_CORRUPT';
    case sqlite.FULL:
      return 'STORE_DISK_FULL';
    default:
      return 'STORE_IO';
  }
}
