/** Faults of the store: what a writer may meet, and what keeps a store from opening. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type StoreErrorCode =
  | 'STORE_IN_USE'
  | 'STORE_FORMAT_NEWER'
  | 'STORE_CORRUPT'
  | 'STORE_DISK_FULL'
  | 'STORE_IO'
  | 'STORE_CLOSED'
  | 'STORE_CONFLICT'
  | 'STORE_COMPACTED'
  | 'STORE_REVISION_FUTURE'
  | 'STORE_TOO_MANY_OBJECTS'
  | 'STORE_OVERLOADED'
  | 'STORE_KEY_MISSING'
  | 'STORE_KEY_UNUSABLE'
  | 'STORE_EXISTS'
  | 'STORE_ABSENT';

export class StoreError extends CodedError<StoreErrorCode> {}

export const errorDocs: ErrorDocs<StoreErrorCode> = {
  STORE_IN_USE: {
    meaning: 'Another process holds the data directory.',
    action: 'Stop the other process, or give this one a data directory of its own with --data.',
  },
  STORE_FORMAT_NEWER: {
    meaning: 'The data was written by a newer version with a format this one does not know.',
    action: 'Run the newer version, or start with an empty data directory.',
  },
  STORE_CORRUPT: {
    meaning: 'The database file is damaged or is not a database of this product.',
    action: 'Restore the data directory from a backup, or move it away and start afresh.',
  },
  STORE_DISK_FULL: {
    meaning: 'A write found no room on the disk or reached the size limit; nothing was changed.',
    action: 'Free some space; the next write is tried as usual.',
  },
  STORE_IO: {
    meaning: 'The disk or file system failed. After a failed commit no further write is taken.',
    action: 'Check disk and permissions, then start the process again.',
  },
  STORE_CLOSED: {
    meaning: 'The store is stopping and takes no more work.',
    action: 'Nothing; this follows a shutdown.',
  },
  STORE_CONFLICT: {
    meaning: 'The object changed, appeared or went since the writer read it.',
    action: 'Read it again and repeat the change.',
  },
  STORE_COMPACTED: {
    meaning: 'The change log no longer reaches back to the revision asked for.',
    action: 'List again and continue from the revision of that list.',
  },
  STORE_REVISION_FUTURE: {
    meaning: 'A revision was asked for that has not been written yet.',
    action: 'Use a revision that this store returned.',
  },
  STORE_TOO_MANY_OBJECTS: {
    meaning: 'The store holds as many objects as it may.',
    action: 'Delete objects that are not needed, or raise the limit.',
  },
  STORE_OVERLOADED: {
    meaning: 'More writes are waiting than the queue holds.',
    action: 'Slow down; try again a little later.',
  },
  STORE_KEY_MISSING: {
    meaning: 'Secrets in the database are sealed with a key that the key file does not hold.',
    action: 'Put the copy of the key file that belongs to this database back in its place.',
  },
  STORE_KEY_UNUSABLE: {
    meaning: 'The key file cannot be read or written, is open to others, or holds no key.',
    action: 'Follow the message; the file must belong to this user with mode 0600.',
  },
  STORE_EXISTS: {
    meaning: 'A backup or restore would overwrite something.',
    action: 'Choose another place, or move away what is there.',
  },
  STORE_ABSENT: {
    meaning: 'There is no database, or no backup, at the place named.',
    action: 'Check the path, or name the data directory with --data.',
  },
};
