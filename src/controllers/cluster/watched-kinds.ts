/** The kinds of a cluster that the runtime uses, and which of them others have to bring. */
import type { ResourceDefinition } from '#kube/index.ts';
import { gateway, httpProxy, ingress, route, tlsRoute } from './foreign-kinds.ts';
import { deployment, pod, role, roleBinding } from './kinds.ts';

export const clusterKinds: {
  /** Every cluster has them. */
  readonly always: readonly ResourceDefinition[];
  /** Asked for before they are used. */
  readonly optional: readonly ResourceDefinition[];
} = {
  always: [pod, deployment, role, roleBinding],
  optional: [route, ingress, httpProxy, gateway, tlsRoute],
};
