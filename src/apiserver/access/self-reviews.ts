/**
 * Reviews about oneself: who am I, may I, what may I. Answered, never stored.
 * @spec Kubernetes authentication.k8s.io/v1, authorization.k8s.io/v1
 */
import {
  type DynamicObject,
  forbidden,
  invalid,
  invalidObject,
  isRecord,
  type Registry,
} from '#kube/index.ts';
import { type Attributes, mastersGroup, type ResourceAttributes, type User } from '#rbac/index.ts';
import type { Authorizer } from './authorizer.ts';

/** Answers a review; the body is the decoded request. */
export type ReviewAnswer = (user: User, body: Record<string, unknown>) => Promise<DynamicObject>;

/** The answerer behind a path; undefined when the path is no review. */
export function reviewAt(
  path: ResourceAttributes,
  deps: { readonly authorizer: Authorizer; readonly registry: Registry },
): ReviewAnswer | undefined {
  if (path.version !== 'v1' || path.namespace !== '' || path.name !== '') return undefined;
  switch (`${path.group}/${path.resource}`) {
    case 'authentication.k8s.io/selfsubjectreviews':
      return (user) => Promise.resolve(whoAmI(user));
    case 'authorization.k8s.io/selfsubjectaccessreviews':
      return (user, body) => mayI(deps.authorizer, user, body);
    case 'authorization.k8s.io/selfsubjectrulesreviews':
      return (user) => Promise.resolve(whatMayI(user));
    default:
      return undefined;
  }
}

function whoAmI(user: User): DynamicObject {
  const { name, uid, groups, extra } = user;
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: noMetadata(),
    status: {
      userInfo: {
        username: name,
        ...(uid === undefined ? {} : { uid }),
        groups,
        ...(extra === undefined ? {} : { extra }),
      },
    },
  };
}

async function mayI(
  authorizer: Authorizer,
  user: User,
  body: Record<string, unknown>,
): Promise<DynamicObject> {
  const spec = isRecord(body['spec']) ? body['spec'] : {};
  const { allowed, reason } = await authorizer.decide(user, attributesOf(spec));
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: noMetadata(),
    spec,
    status: { allowed, ...(reason === '' ? {} : { reason }) },
  };
}

/** @throws StatusError KUBE_INVALID unless exactly one sort of attributes is there */
function attributesOf(spec: Record<string, unknown>): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  const kind = { kind: 'SelfSubjectAccessReview', group: 'authorization.k8s.io' };
  if (isRecord(resource) && isRecord(other)) {
    const why = 'cannot be specified in combination with resourceAttributes';
    throw invalidObject(kind, '', [forbidden('spec.nonResourceAttributes', why)]);
  }
  if (isRecord(resource)) {
    const text = (name: string): string => textOf(resource[name]);
    return {
      type: 'resource',
      verb: text('verb'),
      group: text('group'),
      version: text('version'),
      resource: text('resource'),
      subresource: text('subresource'),
      namespace: text('namespace'),
      name: text('name'),
    };
  }
  if (isRecord(other))
    return { type: 'path', verb: textOf(other['verb']), path: textOf(other['path']) };
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  throw invalidObject(kind, '', [invalid('spec.resourceAttributes', null, why)]);
}

/** Rules as `kubectl auth can-i --list` shows them; incomplete because there are no roles to list. */
function whatMayI(user: User): DynamicObject {
  const all = ['*'];
  const master = user.groups.includes(mastersGroup);
  return {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: noMetadata(),
    spec: {},
    status: {
      resourceRules: master ? [{ verbs: all, apiGroups: all, resources: all }] : [],
      nonResourceRules: master ? [{ verbs: all, nonResourceURLs: all }] : [],
      incomplete: !master,
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Reviews have no name. */
function noMetadata(): DynamicObject['metadata'] {
  return {} as DynamicObject['metadata'];
}
