/** The built-in kinds that Drawbridge serves and uses. */
import { customResourceDefinition } from '../crd/crd.ts';
import type { ResourceDefinition } from '../definition.ts';
import { deployment } from './apps/deployment.ts';
import { configMap } from './config-map.ts';
import { endpoints, endpointSlice } from './endpoints/endpoints.ts';
import { event } from './event.ts';
import { lease } from './lease.ts';
import { namespace } from './namespace.ts';
import { pod } from './pod/pod.ts';
import { clusterRoleBinding, roleBinding } from './rbac/binding.ts';
import { clusterRole, role } from './rbac/role.ts';
import { secret } from './secret.ts';
import { serviceAccount } from './service-account.ts';
import { service } from './service.ts';

/** All of them. */
export const builtinDefinitions: readonly ResourceDefinition[] = [
  namespace,
  secret,
  configMap,
  service,
  event,
  serviceAccount,
  pod,
  endpoints,
  endpointSlice,
  deployment,
  lease,
  role,
  roleBinding,
  clusterRole,
  clusterRoleBinding,
  customResourceDefinition,
];
