/** Who asks, and the names that Kubernetes gives to users and groups. */

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The name of whoever brings no credential. */
export const anonymousName = 'system:anonymous';

/** Members may do everything, whatever the roles say. */
export const mastersGroup = 'system:masters';

/** Everybody who brought a good credential. */
export const authenticatedGroup = 'system:authenticated';

/** Everybody who brought none. */
export const unauthenticatedGroup = 'system:unauthenticated';

/** Every ServiceAccount; `:NAMESPACE` behind it names those of one namespace. */
export const serviceAccountsGroup = 'system:serviceaccounts';

/** Whoever brings no credential. */
export const anonymous: User = { name: anonymousName, groups: [unauthenticatedGroup] };

const serviceAccountPrefix = 'system:serviceaccount:';

/** Names a ServiceAccount. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** `system:serviceaccount:NAMESPACE:NAME` */
export function serviceAccountUser({ namespace, name }: ServiceAccountName): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

/** The groups of every ServiceAccount of a namespace, without `system:authenticated`. */
export function serviceAccountGroups(namespace: string): string[] {
  return [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`];
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/u;
const subdomain = /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/u;

/** The ServiceAccount behind a user name; undefined when the name is not of that form. */
export function serviceAccountOf(userName: string): ServiceAccountName | undefined {
  if (!userName.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = '', name = '', ...more] = userName
    .slice(serviceAccountPrefix.length)
    .split(':');
  if (more.length > 0 || !label.test(namespace) || !subdomain.test(name)) return undefined;
  return { namespace, name };
}

/** A user with his groups, as Go prints them. */
export function whoText({ name, groups }: User): string {
  const list = groups.map((group) => JSON.stringify(group)).join(' ');
  return `user ${JSON.stringify(name)} (groups=[${list}])`;
}
