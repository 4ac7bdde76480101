/** The last look at a write before it is stored: by somebody who knows who writes. */
import type { DynamicObject } from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import type { ResourceTarget } from '../request/request-path.ts';

/** A checked object that is about to be stored. */
export interface ProposedWrite {
  readonly user: User;
  readonly operation: 'create' | 'update';
  /** Its name is empty on create. */
  readonly target: ResourceTarget;
  readonly object: DynamicObject;
  /** What is stored now; undefined on create. */
  readonly old: DynamicObject | undefined;
}

/**
 * Lets a write pass, perhaps changed; the object it is given stays as it is. Asked again for each
 * attempt, and for dry runs.
 * @throws StatusError when the write is refused
 */
export type ObjectGate = (write: ProposedWrite) => DynamicObject;
