/** Event (core/v1): what happened to an object. */
import type { Cell } from '../definition.ts';
import type { FieldError } from '../field-error.ts';
import { invalid } from '../field-error.ts';
import type { KubeObject } from '../object.ts';
import { dateTime, integer, microTime, object, string } from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { nameColumn } from '../table/table.ts';
import { ageSince } from '../time.ts';
import { builtin, objectSchema } from './definition.ts';

const reference = {
  optional: {
    kind: string('Kind of the object.'),
    namespace: string('Namespace of the object.'),
    name: string('Name of the object.'),
    uid: string('UID of the object.'),
    apiVersion: string('Version of the object.'),
    resourceVersion: string('Which version of the object.'),
    fieldPath: string('Which part of the object.'),
  },
};

const schema = objectSchema('Something that happened to an object.', {
  involvedObject: object('The object.', reference, { 'x-kubernetes-map-type': 'atomic' }),
  reason: string('One word on why.'),
  message: string('A sentence for people.'),
  type: string('Normal or Warning.'),
  action: string('What was done or failed.'),
  count: integer('How often it happened.', { format: 'int32' }),
  firstTimestamp: dateTime('When it happened first.'),
  lastTimestamp: dateTime('When it happened last.'),
  eventTime: microTime('When it was observed first.'),
  source: object('Who reports, in the old form.', {
    optional: { component: string('Component.'), host: string('Node.') },
  }),
  reportingComponent: string('Who reports.'),
  reportingInstance: string('Which instance reports.'),
  related: object('A second object that plays a part.', reference, {
    'x-kubernetes-map-type': 'atomic',
  }),
  series: object('Repetitions.', {
    optional: {
      count: integer('How often.', { format: 'int32' }),
      lastObservedTime: microTime('When last.'),
    },
  }),
});

/** An Event. */
export type Event = Infer<typeof schema>;

const asEvent = (target: KubeObject): Event => target;

function firstSeen(event: Event): string | undefined {
  return event.firstTimestamp ?? event.eventTime;
}

function lastSeen(target: KubeObject, nowMs: number): Cell {
  const event = asEvent(target);
  const first = ageSince(firstSeen(event), nowMs);
  if (event.series !== undefined) {
    const last = ageSince(event.series.lastObservedTime, nowMs);
    return `${last} (x${event.series.count ?? 0} over ${first})`;
  }
  const last = ageSince(event.lastTimestamp ?? firstSeen(event), nowMs);
  return (event.count ?? 0) > 1 ? `${last} (x${event.count ?? 0} over ${first})` : last;
}

function objectText(target: KubeObject): Cell {
  const { involvedObject } = asEvent(target);
  const kind = (involvedObject?.kind ?? '').toLowerCase();
  const name = involvedObject?.name ?? '';
  return name === '' ? kind : `${kind}/${name}`;
}

function sourceText(target: KubeObject): Cell {
  const { source, reportingComponent = '', reportingInstance } = asEvent(target);
  const component = source?.component ?? reportingComponent;
  const host = source?.host ?? reportingInstance ?? '';
  return host === '' ? component : `${component}, ${host}`;
}

function validate(target: KubeObject): FieldError[] {
  const { involvedObject, metadata } = asEvent(target);
  const place = involvedObject?.namespace ?? '';
  const expected = place === '' ? 'default' : place;
  if (metadata.namespace === expected) return [];
  return [invalid('involvedObject.namespace', place, 'does not match event.namespace')];
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Definition of Event. */
export const event = builtin({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  description: 'Something that happened to an object.',
  schema,
  columns: [
    { name: 'Last Seen', type: 'string', description: 'When last.', cell: lastSeen },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', jsonPath: '.type' },
    { name: 'Reason', type: 'string', description: 'One word on why.', jsonPath: '.reason' },
    { name: 'Object', type: 'string', description: 'The object.', cell: objectText },
    {
      name: 'Subobject',
      type: 'string',
      priority: 1,
      description: 'Which part of the object.',
      cell: (target) => asEvent(target).involvedObject?.fieldPath ?? '',
    },
    { name: 'Source', type: 'string', priority: 1, description: 'Who reports.', cell: sourceText },
    {
      name: 'Message',
      type: 'string',
      description: 'A sentence for people.',
      cell: (target) => (asEvent(target).message ?? '').trim(),
    },
    {
      name: 'First Seen',
      type: 'string',
      priority: 1,
      description: 'When first.',
      cell: (target, nowMs) => ageSince(firstSeen(asEvent(target)), nowMs),
    },
    {
      name: 'Count',
      type: 'string',
      priority: 1,
      description: 'How often.',
      cell: (target) => String(asEvent(target).series?.count ?? asEvent(target).count ?? 1),
    },
    { ...nameColumn, priority: 1 },
  ],
  selectableFields: [
    ...involved.map((name) => ({ path: `involvedObject.${name}` })),
    { path: 'reason' },
    { path: 'type' },
    { path: 'reportingComponent' },
    {
      path: 'source',
      read: (target) =>
        asEvent(target).source?.component ?? asEvent(target).reportingComponent ?? '',
    },
  ],
  validate,
});
