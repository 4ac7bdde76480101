/**
 * The metadata rules that hold for all kinds: schema, checks on create and on update.
 * @spec Kubernetes apimachinery api/validation objectmeta
 */
import type { FieldError } from './field-error.ts';
import { forbidden, invalid, required, tooLong } from './field-error.ts';
import { equalJson } from './json.ts';
import { checkLabelName, checkLabelValue, checkQualifiedName, checkSubdomainName } from './name.ts';
import type { ObjectMeta, OwnerReference } from './object.ts';
import { array, boolean, dateTime, integer, map, object, string } from './schema/build.ts';
import type { Schema } from './schema/node.ts';

/** Sum of the sizes of keys and values of annotations. */
export const annotationBytesMax = 256 * 1024;

const ownerReferenceSchema = object(
  'A reference to an object that owns this one.',
  {
    required: {
      apiVersion: string('Group and version of the owner.'),
      kind: string('Kind of the owner.'),
      name: string('Name of the owner.'),
      uid: string('UID of the owner.'),
    },
    optional: {
      controller: boolean('True for the one owner that manages this object.'),
      blockOwnerDeletion: boolean('True when a foreground delete of the owner waits for this.'),
    },
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

/** Schema of `metadata`. */
export const metadataSchema: Schema<ObjectMeta> = object('Standard object metadata.', {
  optional: {
    name: string('Name, unique in the namespace for this kind. Cannot change.'),
    generateName: string('Prefix of a name that the server completes.'),
    namespace: string('Namespace that the object is in. Cannot change.'),
    selfLink: string('Not used any more.'),
    uid: string('Unique in time and space. Set by the server.'),
    resourceVersion: string('Version of the stored object, for watches and guarded updates.'),
    generation: integer('Counts changes of the desired state. Set by the server.', {
      format: 'int64',
    }),
    creationTimestamp: dateTime('When the object was created.'),
    deletionTimestamp: dateTime('When deletion was asked for.'),
    deletionGracePeriodSeconds: integer('Seconds between the request to delete and the end.', {
      format: 'int64',
    }),
    labels: map('Keys and values to select objects by.', string('A label value.')),
    annotations: map('Keys and values that tools keep here.', string('Any text.')),
    ownerReferences: array('Objects that this one depends on.', ownerReferenceSchema, {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'uid',
    }),
    finalizers: array('What must happen before the object may go.', string('A finalizer.'), {
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    }),
    managedFields: array(
      'Which manager set which fields.',
      object('Fields of one manager.', {
        optional: {
          manager: string('Who.'),
          operation: string('Apply or Update.'),
          apiVersion: string('Version the fields are in.'),
          time: dateTime('When.'),
          fieldsType: string('FieldsV1.'),
          fieldsV1: {
            type: 'object',
            description: 'The set of fields.',
            'x-kubernetes-preserve-unknown-fields': true,
          },
          subresource: string('Subresource that was written.'),
        },
      }),
      { 'x-kubernetes-list-type': 'atomic' },
    ),
  },
}) as Schema<ObjectMeta>;

/** Gives the complaints about a name; kinds with narrower rules bring their own. */
export type NameCheck = (name: string) => string[];

/** Checks the metadata of a new object, after name generation. */
export function checkNewMetadata(
  meta: ObjectMeta,
  scope: 'Namespaced' | 'Cluster',
  nameCheck: NameCheck = checkSubdomainName,
): FieldError[] {
  const found: FieldError[] = [];
  const { name, namespace = '', generateName = '' } = meta;
  if (generateName !== '') {
    // The prefix may end in a dash: the suffix comes behind it.
    const messages = nameCheck(`${generateName}a`);
    found.push(...messages.map((text) => invalid('metadata.generateName', generateName, text)));
  }
  if (name === undefined || name === '') {
    found.push(required('metadata.name', 'name or generateName is required'));
  } else {
    found.push(...nameCheck(name).map((text) => invalid('metadata.name', name, text)));
  }
  if (scope === 'Cluster' && namespace !== '') {
    found.push(forbidden('metadata.namespace', 'not allowed on this type'));
  }
  if (scope === 'Namespaced') {
    if (namespace === '') found.push(required('metadata.namespace'));
    else {
      const messages = checkLabelName(namespace);
      found.push(...messages.map((text) => invalid('metadata.namespace', namespace, text)));
    }
  }
  return [...found, ...checkCommon(meta), ...checkFinalizers(meta.finalizers ?? [])];
}

const immutable = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Checks the metadata of an update against the stored one. */
export function checkChangedMetadata(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const found: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const before = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((each) => !before.has(each)).sort();
    if (added.length > 0) {
      const list = added.map((each) => JSON.stringify(each)).join(', ');
      found.push(
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  for (const name of immutable) {
    if (!equalJson(meta[name], old[name])) {
      found.push(invalid(`metadata.${name}`, meta[name], 'field is immutable'));
    }
  }
  const known = new Set(old.finalizers);
  const fresh = (meta.finalizers ?? []).filter((each) => !known.has(each));
  return [...found, ...checkCommon(meta), ...checkFinalizers(fresh)];
}

function checkCommon(meta: ObjectMeta): FieldError[] {
  const found: FieldError[] = [];
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    const field = 'metadata.labels';
    found.push(...checkQualifiedName(key).map((text) => invalid(field, key, text)));
    found.push(...checkLabelValue(value).map((text) => invalid(field, value, text)));
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(meta.annotations ?? {})) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    const messages = checkQualifiedName(key.toLowerCase());
    found.push(...messages.map((text) => invalid('metadata.annotations', key, text)));
  }
  if (bytes > annotationBytesMax) found.push(tooLong('metadata.annotations', annotationBytesMax));
  return [...found, ...checkOwners(meta.ownerReferences ?? [])];
}

function checkOwners(owners: readonly OwnerReference[]): FieldError[] {
  const found: FieldError[] = [];
  let controller: string | undefined;
  for (const [index, owner] of owners.entries()) {
    const place = `metadata.ownerReferences[${index}]`;
    for (const name of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (owner[name] === '') found.push(required(`${place}.${name}`, 'must not be empty'));
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      found.push(invalid(place, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner.controller !== true) continue;
    const here = `${owner.kind}/${owner.name}`;
    if (controller === undefined) controller = here;
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${here}`;
      found.push(invalid('metadata.ownerReferences', owners, detail));
    }
  }
  return found;
}

function checkFinalizers(finalizers: readonly string[]): FieldError[] {
  const field = 'metadata.finalizers';
  const found = finalizers.flatMap((name) =>
    checkQualifiedName(name).map((text) => invalid(field, name, text)),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const detail = 'finalizer orphan and foregroundDeletion cannot be both set';
    found.push(invalid(field, finalizers, detail));
  }
  return found;
}
