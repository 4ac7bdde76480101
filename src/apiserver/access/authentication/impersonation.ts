/**
 * Acting as somebody else: `Impersonate-User`, `-Group`, `-Uid` and `-Extra-KEY`. Each asks for the verb
 * `impersonate` on what it names.
 * @spec Kubernetes apiserver endpoints/filters impersonation
 */
import type { IncomingMessage } from 'node:http';
import { badRequest } from '#kube/index.ts';
import {
  anonymousName,
  type Attributes,
  authenticatedGroup,
  serviceAccountGroups,
  serviceAccountOf,
  unauthenticatedGroup,
  type User,
} from '#rbac/index.ts';
import { type Authorizer, forbiddenError } from '../authorization/authorizer.ts';

const prefix = 'impersonate-';
const extraPrefix = 'impersonate-extra-';
/** Headers that one request may carry for this, with repetitions. */
const headersMax = 64;

interface Wish {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * The user to act as: who asks, unless headers name somebody else.
 * @throws StatusError KUBE_FORBIDDEN, KUBE_BAD_REQUEST
 */
export function actingUser(user: User, request: IncomingMessage, authorizer: Authorizer): User {
  const wish = wishOf(request.headersDistinct);
  if (!wish) return user;
  if (wish.user === '') {
    throw badRequest('groups, UID or extra fields were requested without impersonating a user');
  }
  for (const attributes of rightsFor(wish)) {
    const { allowed, reason } = authorizer.decide(user, attributes);
    if (!allowed) throw forbiddenError(user, attributes, reason);
  }
  const { uid, extra } = wish;
  return {
    name: wish.user,
    ...(uid === '' ? {} : { uid }),
    groups: groupsOf(wish),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** What the headers ask for; undefined when they ask for nothing. @throws StatusError */
function wishOf(headers: NodeJS.Dict<string[]>): Wish | undefined {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  if (own.length === 0) return undefined;
  const count = own.reduce((sum, [, values = []]) => sum + values.length, 0);
  if (count > headersMax) throw badRequest(`more than ${headersMax} impersonation headers`);
  const single = (name: string): string => {
    const values = headers[`${prefix}${name}`] ?? [];
    if (values.length > 1) throw badRequest(`Impersonate-${name} is given more than once`);
    return values[0] ?? '';
  };
  const extra = own.flatMap(([name, values = []]) =>
    name.startsWith(extraPrefix) ? [[extraKey(name), values] as const] : [],
  );
  return {
    user: single('user'),
    uid: single('uid'),
    groups: headers[`${prefix}group`] ?? [],
    extra: Object.fromEntries(extra),
  };
}

function extraKey(name: string): string {
  const raw = name.slice(extraPrefix.length);
  try {
    return decodeURIComponent(raw).toLowerCase();
  } catch {
    return raw;
  }
}

/** Every right that the wish needs. */
function* rightsFor({ user, uid, groups, extra }: Wish): Generator<Attributes> {
  const account = serviceAccountOf(user);
  if (account) yield right('', 'serviceaccounts', account.name, { namespace: account.namespace });
  else yield right('', 'users', user);
  const reviews = 'authentication.k8s.io';
  for (const group of groups) yield right('', 'groups', group);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) yield right(reviews, 'userextras', value, { subresource: key });
  }
  if (uid !== '') yield right(reviews, 'uids', uid);
}

function right(
  group: string,
  resource: string,
  name: string,
  more: { readonly namespace?: string; readonly subresource?: string } = {},
): Attributes {
  const base = {
    type: 'resource',
    verb: 'impersonate',
    version: 'v1',
    namespace: '',
    subresource: '',
  };
  return { ...base, type: 'resource', group, resource, name, ...more };
}

/** The groups of the user that is acted as: those asked for, or those that follow from the name. */
function groupsOf({ user, groups }: Wish): readonly string[] {
  const account = serviceAccountOf(user);
  const given = groups.length === 0 && account ? serviceAccountGroups(account.namespace) : groups;
  if (given.includes(authenticatedGroup) || given.includes(unauthenticatedGroup)) return given;
  return [...given, user === anonymousName ? unauthenticatedGroup : authenticatedGroup];
}
