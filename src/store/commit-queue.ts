/**
 * Group commit: the writes of one turn of the event loop share one transaction, one fsync. While
 * that fsync runs, further requests pile up in the kernel, so a slow disk gathers more by itself.
 * A writer is answered only after COMMIT.
 */
import type { Clock } from '#base/clock.ts';
import type { Change, ChangeType, ObjectKey, StoredObject, WriteRequest } from './change.ts';
import { StoreError } from './errors.ts';
import { faultOf } from './sqlite-fault.ts';
import type { Sealer } from './sealing/sealer.ts';
import type { Statements } from './statements.ts';

export interface CommitQueueDeps<V extends object> {
  readonly statements: Statements;
  readonly clock: Clock;
  readonly sealer: Pick<Sealer, 'seal'>;
  /** The last committed state. */
  readonly current: {
    revision(): number;
    get(collection: string, key: ObjectKey): StoredObject<V> | undefined;
    objectCount(): number;
  };
  /** Puts the revision into an object. */
  readonly stamp: (value: V, revision: number) => V;
  /** Called once per transaction after COMMIT, before any writer is answered. */
  readonly onCommitted: (changes: readonly Committed<V>[]) => void;
}

export interface CommitQueueOptions {
  readonly pendingWritesMax: number;
  readonly batchWritesMax: number;
  readonly objectsMax: number;
}

export interface Committed<V extends object> extends Change<V> {
  /** Length of the stored text. */
  readonly bytes: number;
}

interface Pending<V extends object> {
  readonly request: WriteRequest<V>;
  readonly text: string;
  readonly resolve: (stored: StoredObject<V>) => void;
  readonly reject: (fault: StoreError) => void;
}

export class CommitQueue<V extends object> {
  readonly #deps: CommitQueueDeps<V>;
  readonly #options: CommitQueueOptions;
  #pending: Pending<V>[] = [];
  #scheduled = false;
  /** Set when writes can no longer be taken: closing, or a commit of unknown outcome. */
  #refusal: StoreError | undefined;

  constructor(deps: CommitQueueDeps<V>, options: CommitQueueOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  get refusal(): StoreError | undefined {
    return this.#refusal;
  }

  /** @throws StoreError (by rejection) STORE_CONFLICT, STORE_DISK_FULL, STORE_IO, and the limits */
  async write(request: WriteRequest<V>): Promise<StoredObject<V>> {
    if (this.#refusal) throw this.#refusal;
    if (this.#pending.length >= this.#options.pendingWritesMax) {
      throw new StoreError('STORE_OVERLOADED', 'too many writes are waiting', {
        retry: { afterMs: 1000 },
      });
    }
    const text = request.text ?? JSON.stringify(request.value);
    const { promise, resolve, reject } = Promise.withResolvers<StoredObject<V>>();
    this.#pending.push({ request, text, resolve, reject });
    this.#schedule();
    return promise;
  }

  /** Commits what waits, then refuses. */
  close(): void {
    while (this.#pending.length > 0) this.#flush();
    this.#refusal ??= new StoreError('STORE_CLOSED', 'the store is closed');
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
      if (this.#pending.length > 0) this.#schedule();
    });
  }

  #flush(): void {
    const batch = this.#pending.slice(0, this.#options.batchWritesMax);
    if (batch.length === 0) return;
    this.#pending = this.#pending.slice(batch.length);
    const { statements } = this.#deps;
    const done: { readonly write: Pending<V>; readonly committed: Committed<V> }[] = [];
    let committing = false;
    try {
      statements.begin();
      this.#apply(batch, done);
      committing = true;
      if (done.length > 0) statements.commit();
      else statements.rollback();
    } catch (thrown) {
      this.#fail(thrown, committing, batch);
      return;
    }
    if (done.length === 0) return;
    this.#deps.onCommitted(done.map(({ committed }) => committed));
    for (const { write, committed } of done) write.resolve(committed);
  }

  /** Runs the statements of the writes whose expectation holds; the others are rejected. */
  #apply(
    batch: readonly Pending<V>[],
    done: { readonly write: Pending<V>; readonly committed: Committed<V> }[],
  ): void {
    const { statements, current, clock, sealer } = this.#deps;
    const at = clock.nowMs();
    const inBatch = new Map<string, Committed<V>>();
    let revision = current.revision();
    let objectCount = current.objectCount();
    for (const write of batch) {
      const { request, text } = write;
      const { collection, namespace, name } = request;
      const id = `${collection}\n${namespace}\n${name}`;
      const earlier = inBatch.get(id);
      const before = earlier ? existing(earlier) : current.get(collection, request);
      const refusal = this.#refuse(request, before?.revision ?? 0, objectCount);
      if (refusal) {
        write.reject(refusal);
        continue;
      }
      revision++;
      const type = typeOf(request, before !== undefined);
      const prev = before?.revision ?? null;
      const body = sealer.seal(request, text);
      const row = { coll: collection, ns: namespace, name, op: type, body };
      statements.appendLog({ ...row, rv: revision, at, prev_rv: prev });
      if (type === 'deleted') statements.deleteObject(collection, namespace, name);
      else statements.putObject(collection, namespace, name, revision, at, body);
      objectCount += type === 'added' ? 1 : type === 'deleted' ? -1 : 0;
      const value = this.#deps.stamp(request.value, revision);
      const key = { collection, namespace, name, revision };
      const committed = { ...key, type, value, previous: before?.value, bytes: body.length };
      inBatch.set(id, committed);
      done.push({ write, committed });
    }
    if (done.length > 0) statements.setRevision(revision);
  }

  #refuse(request: WriteRequest<V>, found: number, objectCount: number): StoreError | undefined {
    if (found !== request.expected || (request.delete && found === 0)) {
      const { expected } = request;
      return new StoreError('STORE_CONFLICT', 'the object changed since it was read', {
        facts: { expected, found },
      });
    }
    if (found === 0 && objectCount >= this.#options.objectsMax) {
      return new StoreError('STORE_TOO_MANY_OBJECTS', 'the store is full', { retry: 'backoff' });
    }
    return undefined;
  }

  #fail(thrown: unknown, committing: boolean, batch: readonly Pending<V>[]): void {
    const fault = faultOf(thrown, 'write to the database');
    try {
      this.#deps.statements.rollback();
    } catch (cause) {
      this.#refusal = faultOf(cause, 'undo a failed write');
    }
    // Whether a failed COMMIT reached the disk is unknown; another write could reuse its revision.
    if (committing && fault.code !== 'STORE_DISK_FULL') this.#refusal ??= fault;
    // Those refused one by one before the fault are settled already; a second reject changes nothing.
    for (const write of batch) write.reject(fault);
    if (this.#refusal) {
      for (const write of this.#pending) write.reject(this.#refusal);
      this.#pending = [];
    }
  }
}

function existing<V extends object>(committed: Committed<V>): StoredObject<V> | undefined {
  return committed.type === 'deleted' ? undefined : committed;
}

function typeOf<V extends object>(request: WriteRequest<V>, exists: boolean): ChangeType {
  if (request.delete) return 'deleted';
  return exists ? 'modified' : 'added';
}
