/** The messages that all kinds share. @spec Kubernetes meta/v1 generated.proto */
import { list, map, type Message, one, optional } from './field.ts';

const ownerReference: Message = {
  1: one('kind', 'string'),
  3: one('name', 'string'),
  4: one('uid', 'string'),
  5: one('apiVersion', 'string'),
  6: optional('controller', 'bool'),
  7: optional('blockOwnerDeletion', 'bool'),
};

const managedFields: Message = {
  1: one('manager', 'string'),
  2: one('operation', 'string'),
  3: one('apiVersion', 'string'),
  4: optional('time', 'time'),
  6: one('fieldsType', 'string'),
  7: optional('fieldsV1', 'rawJson'),
  8: one('subresource', 'string'),
};

/** Metadata of an object. */
export const objectMeta: Message = {
  1: one('name', 'string'),
  2: one('generateName', 'string'),
  3: one('namespace', 'string'),
  5: one('uid', 'string'),
  6: one('resourceVersion', 'string'),
  7: one('generation', 'int'),
  8: one('creationTimestamp', 'time'),
  9: optional('deletionTimestamp', 'time'),
  10: optional('deletionGracePeriodSeconds', 'int'),
  11: map('labels', 'string'),
  12: map('annotations', 'string'),
  13: list('ownerReferences', ownerReference),
  14: list('finalizers', 'string'),
  17: list('managedFields', managedFields),
};

/** A label selector inside an object. */
export const labelSelector: Message = {
  1: map('matchLabels', 'string'),
  2: list('matchExpressions', {
    1: one('key', 'string'),
    2: one('operator', 'string'),
    3: list('values', 'string'),
  }),
};
