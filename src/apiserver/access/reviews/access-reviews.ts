/**
 * May I, may they, what may I.
 * @spec Kubernetes authorization.k8s.io/v1
 */
import {
  badRequest,
  type DynamicObject,
  type FieldError,
  invalid,
  invalidObject,
  isRecord,
} from '#kube/index.ts';
import {
  type Attributes,
  fullRules,
  type HeldRules,
  type PolicyRule,
  ruleText,
  type User,
} from '#rbac/index.ts';
import { type Authorizer, isMaster } from '../authorization/authorizer.ts';
import { type Answer, reviewAnswer, specOf, textOf, textsOf } from './review.ts';

const group = 'authorization.k8s.io';
const apiVersion = `${group}/v1`;

/** `kubectl auth can-i`. */
export function selfAccessReview(authorizer: Authorizer): Answer {
  return (question) => {
    const spec = specOf(question);
    const attributes = attributesOf(spec, []);
    return decided('SelfSubjectAccessReview', spec, authorizer, question.user, attributes);
  };
}

/** May somebody else. Whoever may ask is trusted to say who that is. */
export function accessReview(authorizer: Authorizer): Answer {
  return (question) => {
    const spec = specOf(question);
    const user = subjectOf(spec);
    const attributes = attributesOf(spec, subjectFaults(user));
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
    const resource = spec['resourceAttributes'];
    if (isRecord(resource) && resource['namespace'] !== namespace) {
      const given = textOf(resource, 'namespace');
      faults.push(
        invalid('spec.resourceAttributes.namespace', given, 'must match metadata.namespace'),
      );
    }
    if (isRecord(spec['nonResourceAttributes'])) {
      const why = 'disallowed on this kind of request';
      const shown = goAttributes(spec['nonResourceAttributes']);
      faults.push(invalid('spec.nonResourceAttributes', shown, why));
    }
    const attributes = attributesOf(spec, faults);
    return decided(kind, spec, authorizer, user, attributes, { namespace });
  };
}

/** `kubectl auth can-i --list`. */
export function selfRulesReview(rulesFor: (user: User, namespace: string) => HeldRules): Answer {
  return (question) => {
    const namespace = textOf(specOf(question), 'namespace');
    if (namespace === '') throw badRequest('no namespace on request');
    const { user } = question;
    const { rules, faults } = rulesFor(user, namespace);
    const all = distinct(isMaster(user) ? [...rules, ...fullRules] : rules);
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

/** Several bindings may give the same. */
function distinct(rules: readonly PolicyRule[]): PolicyRule[] {
  return [...new Map(rules.map((rule) => [ruleText(rule), rule])).values()];
}

/** As Go prints them. */
function goAttributes(attributes: Readonly<Record<string, unknown>>): object {
  return { Path: textOf(attributes, 'path'), Verb: textOf(attributes, 'verb') };
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
  spec: Readonly<Record<string, unknown>>,
  faults: readonly FieldError[],
): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  const found = [...faults];
  if (isRecord(resource) === isRecord(other)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    found.unshift(invalid('spec', isRecord(other) ? goAttributes(other) : null, why));
  }
  // Kubernetes leaves the kind out here.
  if (found.length > 0) throw invalidObject({ kind: '', group }, '', found);
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
