/** To which flow a request belongs, and through which gate it goes. */
import type { IncomingMessage } from 'node:http';
import {
  anonymousName,
  mastersGroup,
  type ResourceRequest,
  serviceAccountsGroup,
  type User,
} from '#rbac/index.ts';
import type { Flow } from './fair-gate.ts';

/** Renewals of leases decide who leads: they must not wait behind anybody's bulk work. */
const leaseWeight = 16;
/** Masters and service accounts: controllers. */
const controllerWeight = 4;
const personWeight = 2;
const anonymousWeight = 1;
/** Longer names of programs are cut. */
const agentCharsMax = 64;

/**
 * One flow per user. Masters are told apart by program as well, because on one machine the
 * controllers and the owner's kubectl are the same user; others could win turns by changing names.
 */
export function flowOf(user: User, info: ResourceRequest, request: IncomingMessage): Flow {
  if (info.group === 'coordination.k8s.io' && info.resource === 'leases') {
    return { id: `lease ${user.name}`, weight: leaseWeight };
  }
  if (user.groups.includes(mastersGroup)) {
    const agent = (request.headers['user-agent'] ?? '').slice(0, agentCharsMax);
    return { id: `master ${user.name} ${agent}`, weight: controllerWeight };
  }
  const { name } = user;
  if (user.groups.includes(serviceAccountsGroup)) return { id: name, weight: controllerWeight };
  return { id: name, weight: name === anonymousName ? anonymousWeight : personWeight };
}

/** Reading many objects keeps the processor for long; everything else waits for the disk. */
export function isBulk(info: ResourceRequest): boolean {
  return info.verb === 'list' || info.verb === 'deletecollection';
}
