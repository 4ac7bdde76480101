/** Whether a user may do something, and the refusal in the words of Kubernetes. */
import { forbiddenResource, StatusError } from '#kube/index.ts';
import {
  type Attributes,
  type Decision,
  mastersGroup,
  qualifiedBySubresource,
  type User,
} from '#rbac/index.ts';

export interface Authorizer {
  decide(user: User, attributes: Attributes): Decision;
}

/** Members of `system:masters` may do everything, whatever the roles say. */
export function isMaster(user: User): boolean {
  return user.groups.includes(mastersGroup);
}

/** Masters first, then roles. */
export class MastersFirst implements Authorizer {
  readonly #roles: Authorizer;

  constructor(roles: Authorizer) {
    this.#roles = roles;
  }

  decide(user: User, attributes: Attributes): Decision {
    if (isMaster(user)) return { allowed: true, reason: '' };
    return this.#roles.decide(user, attributes);
  }
}

/** Kubernetes keeps these out of refusals, which browsers might show. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The refusal of what was asked. */
export function forbiddenError(user: User, attributes: Attributes, reason: string): StatusError {
  const tail = reason === '' ? '' : `: ${reason}`;
  const who = `User ${JSON.stringify(user.name)}`;
  if (attributes.type === 'path') {
    const { verb, path } = attributes;
    const what = escapeMarkup(`${who} cannot ${verb} path ${JSON.stringify(path)}`);
    return new StatusError('Forbidden', `forbidden: ${what}${tail}`, {});
  }
  const { group, resource, namespace, verb, name } = attributes;
  const full = JSON.stringify(qualifiedBySubresource(attributes));
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `${who} cannot ${verb} resource ${full} in API group ${JSON.stringify(group)} ${where}`;
  return forbiddenResource({ plural: resource, group }, name, `${escapeMarkup(what)}${tail}`);
}
