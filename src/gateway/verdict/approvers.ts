/**
 * Who made which GatewayVerdict, for sure. The embedded API server writes it into the status, which
 * nobody can change there; the API server of a cluster tells it while it asks whether the verdict may
 * be made, and what it has not been told itself a gateway does not believe.
 */
import type { GatewayVerdict } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { keyOf, keyText } from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import { AdmittedObjects } from '../creator/admitted-objects.ts';
import type { Approver } from '../oversight/decide-approval.ts';

export interface Approvers {
  /** Undefined while nobody vouches for it here. */
  approverOf(verdict: GatewayVerdict): Approver | undefined;
}

/** As the API server of `drawbridge up` writes it down; of no other server may this be believed. */
export const serverApprovers: Approvers = {
  approverOf: ({ status }) => {
    const { name, groups = [], ...more } = status?.approver ?? { name: '' };
    return name === '' ? undefined : { user: name, groups, ...more };
  },
};

/** As the API server of a cluster told it. */
export class AdmittedApprovers implements Approvers {
  readonly #admitted: AdmittedObjects<{ readonly said: string; readonly approver: Approver }>;

  constructor(clock: Clock) {
    this.#admitted = new AdmittedObjects(clock);
  }

  /** The API server says who is about to create this verdict, and he may approve. */
  onAdmitted(verdict: GatewayVerdict, { name, ...more }: User): void {
    const approver = { user: name, ...more };
    this.#admitted.add(verdict.metadata.uid, { said: saidIn(verdict), approver });
  }

  approverOf(verdict: GatewayVerdict): Approver | undefined {
    const admitted = this.#admitted.find(verdict.metadata.uid);
    return admitted?.said === saidIn(verdict) ? admitted.approver : undefined;
  }
}

/** Everything that counts in a verdict, in one form. */
function saidIn(verdict: GatewayVerdict): string {
  const { token, uid, decision, reason = null } = verdict.spec;
  return JSON.stringify([keyText(keyOf(verdict)), token, uid, decision, reason]);
}
