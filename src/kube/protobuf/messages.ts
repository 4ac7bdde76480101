/**
 * The messages of the kinds that kubectl sends as protobuf, by field number.
 * @spec Kubernetes generated.proto of core/v1, meta/v1, coordination/v1, authentication/v1,
 *   authorization/v1
 */
import { list, map, type Message, one, optional } from './field.ts';
import { objectMeta } from './meta.ts';
import { rbacMessages } from './rbac.ts';
import { workloadMessages } from './workloads.ts';

const condition: Message = {
  1: one('type', 'string'),
  2: one('status', 'string'),
  3: one('observedGeneration', 'int'),
  4: one('lastTransitionTime', 'time'),
  5: one('reason', 'string'),
  6: one('message', 'string'),
};

const namespace: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', { 1: list('finalizers', 'string') }),
  3: one('status', { 1: one('phase', 'string') }),
};

const secret: Message = {
  1: one('metadata', objectMeta),
  2: map('data', 'bytes'),
  3: one('type', 'string'),
  4: map('stringData', 'string'),
  5: optional('immutable', 'bool'),
};

const configMap: Message = {
  1: one('metadata', objectMeta),
  2: map('data', 'string'),
  3: map('binaryData', 'bytes'),
  4: optional('immutable', 'bool'),
};

const objectReference: Message = {
  1: one('kind', 'string'),
  2: one('namespace', 'string'),
  3: one('name', 'string'),
  4: one('uid', 'string'),
  5: one('apiVersion', 'string'),
  6: one('resourceVersion', 'string'),
  7: one('fieldPath', 'string'),
};

const serviceAccount: Message = {
  1: one('metadata', objectMeta),
  2: list('secrets', objectReference),
  3: list('imagePullSecrets', { 1: one('name', 'string') }),
  4: optional('automountServiceAccountToken', 'bool'),
};

const servicePort: Message = {
  1: one('name', 'string'),
  2: one('protocol', 'string'),
  3: one('port', 'int'),
  4: one('targetPort', 'intOrString'),
  5: one('nodePort', 'int'),
  6: optional('appProtocol', 'string'),
};

const loadBalancerStatus: Message = {
  1: list('ingress', { 1: one('ip', 'string'), 2: one('hostname', 'string') }),
};

const service: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', {
    1: list('ports', servicePort),
    2: map('selector', 'string'),
    3: one('clusterIP', 'string'),
    4: one('type', 'string'),
    5: list('externalIPs', 'string'),
    7: one('sessionAffinity', 'string'),
    8: one('loadBalancerIP', 'string'),
    9: list('loadBalancerSourceRanges', 'string'),
    10: one('externalName', 'string'),
    11: one('externalTrafficPolicy', 'string'),
    12: one('healthCheckNodePort', 'int'),
    13: one('publishNotReadyAddresses', 'bool'),
    14: optional('sessionAffinityConfig', {
      1: optional('clientIP', { 1: optional('timeoutSeconds', 'int') }),
    }),
    17: optional('ipFamilyPolicy', 'string'),
    18: list('clusterIPs', 'string'),
    19: list('ipFamilies', 'string'),
    20: optional('allocateLoadBalancerNodePorts', 'bool'),
    21: optional('loadBalancerClass', 'string'),
    22: optional('internalTrafficPolicy', 'string'),
    23: optional('trafficDistribution', 'string'),
  }),
  3: one('status', {
    1: one('loadBalancer', loadBalancerStatus),
    2: list('conditions', condition),
  }),
};

const event: Message = {
  1: one('metadata', objectMeta),
  2: one('involvedObject', objectReference),
  3: one('reason', 'string'),
  4: one('message', 'string'),
  5: one('source', { 1: one('component', 'string'), 2: one('host', 'string') }),
  6: one('firstTimestamp', 'time'),
  7: one('lastTimestamp', 'time'),
  8: one('count', 'int'),
  9: one('type', 'string'),
  10: one('eventTime', 'microTime'),
  11: optional('series', { 1: one('count', 'int'), 2: one('lastObservedTime', 'microTime') }),
  12: one('action', 'string'),
  13: optional('related', objectReference),
  14: one('reportingComponent', 'string'),
  15: one('reportingInstance', 'string'),
};

const lease: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', {
    1: optional('holderIdentity', 'string'),
    2: optional('leaseDurationSeconds', 'int'),
    3: optional('acquireTime', 'microTime'),
    4: optional('renewTime', 'microTime'),
    5: optional('leaseTransitions', 'int'),
    6: optional('strategy', 'string'),
    7: optional('preferredHolder', 'string'),
  }),
};

const deleteOptions: Message = {
  1: optional('gracePeriodSeconds', 'int'),
  2: optional('preconditions', {
    1: optional('uid', 'string'),
    2: optional('resourceVersion', 'string'),
  }),
  3: optional('orphanDependents', 'bool'),
  4: optional('propagationPolicy', 'string'),
  5: list('dryRun', 'string'),
};

const tokenRequest: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', {
    1: list('audiences', 'string'),
    3: optional('boundObjectRef', {
      1: one('kind', 'string'),
      2: one('apiVersion', 'string'),
      3: one('name', 'string'),
      4: one('uid', 'string'),
    }),
    4: optional('expirationSeconds', 'int'),
  }),
};

const selfSubjectReview: Message = { 1: one('metadata', objectMeta) };

const resourceAttributes: Message = {
  1: one('namespace', 'string'),
  2: one('verb', 'string'),
  3: one('group', 'string'),
  4: one('version', 'string'),
  5: one('resource', 'string'),
  6: one('subresource', 'string'),
  7: one('name', 'string'),
};

const nonResourceAttributes: Message = { 1: one('path', 'string'), 2: one('verb', 'string') };

const selfSubjectAccessReview: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', {
    1: optional('resourceAttributes', resourceAttributes),
    2: optional('nonResourceAttributes', nonResourceAttributes),
  }),
};

const selfSubjectRulesReview: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', { 1: one('namespace', 'string') }),
};

const tokenReview: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', { 1: one('token', 'string'), 2: list('audiences', 'string') }),
};

/** Without `extra`: roles do not look at it. */
const subjectAccessReview: Message = {
  1: one('metadata', objectMeta),
  2: one('spec', {
    1: optional('resourceAttributes', resourceAttributes),
    2: optional('nonResourceAttributes', nonResourceAttributes),
    3: one('user', 'string'),
    4: list('groups', 'string'),
    6: one('uid', 'string'),
  }),
};

/** The envelope behind the magic bytes: `runtime.Unknown`. */
export const envelope: Message = {
  1: one('typeMeta', { 1: one('apiVersion', 'string'), 2: one('kind', 'string') }),
  2: one('raw', 'bytes'),
  3: one('contentEncoding', 'string'),
  4: one('contentType', 'string'),
};

const messages: ReadonlyMap<string, Message> = new Map<string, Message>([
  ...rbacMessages,
  ...workloadMessages(),
  ['v1 Namespace', namespace],
  ['v1 Secret', secret],
  ['v1 ConfigMap', configMap],
  ['v1 ServiceAccount', serviceAccount],
  ['v1 Service', service],
  ['v1 Event', event],
  ['coordination.k8s.io/v1 Lease', lease],
  ['authentication.k8s.io/v1 TokenRequest', tokenRequest],
  ['authentication.k8s.io/v1 SelfSubjectReview', selfSubjectReview],
  ['authorization.k8s.io/v1 SelfSubjectAccessReview', selfSubjectAccessReview],
  ['authorization.k8s.io/v1 SelfSubjectRulesReview', selfSubjectRulesReview],
  ['authentication.k8s.io/v1 TokenReview', tokenReview],
  ['authorization.k8s.io/v1 SubjectAccessReview', subjectAccessReview],
  ['authorization.k8s.io/v1 LocalSubjectAccessReview', subjectAccessReview],
]);

/** The message of a kind. Options of deletes come under the version of the object they delete. */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  return kind === 'DeleteOptions' ? deleteOptions : messages.get(`${apiVersion} ${kind}`);
}
