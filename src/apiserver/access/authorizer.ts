/** Whether a user may do something. */
import { forbiddenResource, type StatusError, StatusError as Refusal } from '#kube/index.ts';
import {
  type Attributes,
  authenticatedGroup,
  mastersGroup,
  qualifiedBySubresource,
  type User,
} from '#rbac/index.ts';

export interface Decision {
  readonly allowed: boolean;
  /** Why, when there is something to say. */
  readonly reason: string;
}

export interface Authorizer {
  decide(user: User, attributes: Attributes): Promise<Decision>;
}

const denied: Decision = { allowed: false, reason: '' };

/** Paths that anybody may read, with or without a credential. */
const publicPaths: ReadonlySet<string> = new Set([
  '/version',
  '/version/',
  '/healthz',
  '/livez',
  '/readyz',
]);

/** Paths that clients need before they can do anything. */
const discoveryPath = /^\/(?:api|apis|openapi)(?:\/|$)/u;

/** Reviews of oneself need no right. */
const selfReviews: ReadonlySet<string> = new Set([
  'selfsubjectreviews',
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
]);

/** One owner: masters may do everything, others read discovery and ask about themselves. */
export const ownerAuthorizer: Authorizer = {
  decide: (user, attributes) => Promise.resolve(decideForOwner(user, attributes)),
};

function decideForOwner(user: User, attributes: Attributes): Decision {
  if (user.groups.includes(mastersGroup)) return { allowed: true, reason: '' };
  const authenticated = user.groups.includes(authenticatedGroup);
  if (attributes.type === 'path') {
    const { path, verb } = attributes;
    if (verb !== 'get') return denied;
    const allowed = publicPaths.has(path) || (authenticated && discoveryPath.test(path));
    return { allowed, reason: '' };
  }
  const review = selfReviews.has(attributes.resource) && attributes.verb === 'create';
  return authenticated && review ? { allowed: true, reason: '' } : denied;
}

/** The refusal of what was asked, in the words of Kubernetes. */
export function forbiddenError(user: User, attributes: Attributes, reason: string): StatusError {
  const tail = reason === '' ? '' : `: ${reason}`;
  if (attributes.type === 'path') {
    const { verb, path } = attributes;
    const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${tail}`;
    return new Refusal('Forbidden', message, {});
  }
  const { group, resource, namespace, verb, name } = attributes;
  const full = qualifiedBySubresource(attributes);
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return forbiddenResource(
    { plural: resource, group },
    name,
    `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}${tail}`,
  );
}
