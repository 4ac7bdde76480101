/**
 * May I, may they, what may I.
 * @spec Kubernetes authorization.k8s.io/v1
 */
import {
  badRequest,
  type DynamicObject,
  type FieldError,
  forbidden,
  invalid,
  invalidObject,
  isRecord,
} from '#kube/index.ts';
import type { Attributes, HeldRules, PolicyRule, User } from '#rbac/index.ts';
import { type Authorizer, fullRules, isMaster } from '../authorization/authorizer.ts';
import { type Answer, reviewAnswer, specOf, textOf, textsOf } from './review.ts';

const group = 'authorization.k8s.io';
const apiVersion = `${group}/v1`;

/** `kubectl auth can-i`. */
export function selfAccessReview(authorizer: Authorizer): Answer {
  return (question) => {
    const spec = specOf(question);
    const attributes = attributesOf('SelfSubjectAccessReview', spec, []);
    return decided('SelfSubjectAccessReview', spec, authorizer, question.user, attributes);
  };
}

/** May somebody else. Whoever may ask is trusted to say who that is. */
export function accessReview(authorizer: Authorizer): Answer {
  return (question) => {
    const spec = specOf(question);
    const user = subjectOf(spec);
    const attributes = attributesOf('SubjectAccessReview', spec, subjectFaults(user));
    return decided('SubjectAccessReview', spec, authorizer, user, attributes);
  };
}

/** May somebody else, in the namespace of the request. */
export function localAccessReview(authorizer: Authorizer): Answer {
  return (question) => {
    const kind = 'LocalSubjectAccessReview';
    const spec = specOf(question);
    const { namespace } = question.info;
    const user = subjectOf(spec);
    const faults = subjectFaults(user);
    if (isRecord(spec['nonResourceAttributes'])) {
      const why = 'disallowed on this kind of request';
      faults.push(invalid('spec.nonResourceAttributes', spec['nonResourceAttributes'], why));
    }
    const attributes = attributesOf(kind, spec, faults);
    if (attributes.type !== 'resource' || attributes.namespace !== namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
    }
    return decided(kind, spec, authorizer, user, attributes, { namespace });
  };
}

/** `kubectl auth can-i --list`. */
export function selfRulesReview(rulesFor: (user: User, namespace: string) => HeldRules): Answer {
  return (question) => {
    const spec = specOf(question);
    const { user } = question;
    const { rules, faults } = rulesFor(user, textOf(spec, 'namespace'));
    const all = isMaster(user) ? [...fullRules, ...rules] : rules;
    return reviewAnswer(apiVersion, 'SelfSubjectRulesReview', {
      spec: {},
      status: {
        resourceRules: all.filter(isResourceRule).map(resourceRule),
        nonResourceRules: all
          .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
          .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: faults.length > 0,
        ...(faults.length === 0 ? {} : { evaluationError: faults.join(', ') }),
      },
    });
  };
}

function isResourceRule({ resources = [] }: PolicyRule): boolean {
  return resources.length > 0;
}

function resourceRule({ verbs, apiGroups, resources, resourceNames = [] }: PolicyRule): PolicyRule {
  const named = resourceNames.length === 0 ? {} : { resourceNames };
  return { verbs, apiGroups: apiGroups ?? [], resources: resources ?? [], ...named };
}

function decided(
  kind: string,
  spec: unknown,
  authorizer: Authorizer,
  user: User,
  attributes: Attributes,
  metadata: object = {},
): DynamicObject {
  const { allowed, reason } = authorizer.decide(user, attributes);
  const status = { allowed, ...(reason === '' ? {} : { reason }) };
  return reviewAnswer(apiVersion, kind, { metadata, spec, status });
}

function subjectOf(spec: Readonly<Record<string, unknown>>): User {
  const uid = textOf(spec, 'uid');
  const named = { name: textOf(spec, 'user'), groups: textsOf(spec, 'groups') };
  return { ...named, ...(uid === '' ? {} : { uid }) };
}

function subjectFaults({ name, groups }: User): FieldError[] {
  if (name !== '' || groups.length > 0) return [];
  return [invalid('spec.user', '', 'at least one of user or group must be specified')];
}

/**
 * @param faults those found elsewhere in the spec
 * @throws StatusError KUBE_INVALID unless exactly one sort of attributes is there
 */
function attributesOf(
  kind: string,
  spec: Readonly<Record<string, unknown>>,
  faults: readonly FieldError[],
): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  const found = [...faults];
  if (isRecord(resource) && isRecord(other)) {
    const why = 'cannot be specified in combination with resourceAttributes';
    found.push(forbidden('spec.nonResourceAttributes', why));
  }
  if (!isRecord(resource) && !isRecord(other)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    found.push(invalid('spec.resourceAttributes', null, why));
  }
  if (found.length > 0) throw invalidObject({ kind, group }, '', found);
  if (isRecord(resource)) {
    return {
      type: 'resource',
      verb: textOf(resource, 'verb'),
      group: textOf(resource, 'group'),
      version: textOf(resource, 'version'),
      resource: textOf(resource, 'resource'),
      subresource: textOf(resource, 'subresource'),
      namespace: textOf(resource, 'namespace'),
      name: textOf(resource, 'name'),
    };
  }
  const path = isRecord(other) ? other : {};
  return { type: 'path', verb: textOf(path, 'verb'), path: textOf(path, 'path') };
}
