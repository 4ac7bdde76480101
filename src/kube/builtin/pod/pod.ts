/** Pod (core/v1): read only, since nothing here runs containers for clients. */
import type { Column } from '../../definition.ts';
import type { KubeObject } from '../../object.ts';
import { ageColumn, nameColumn } from '../../table/table.ts';
import { builtin } from '../definition.ts';
import type { Pod } from './pod-schema.ts';
import { podSchema } from './pod-schema.ts';
import { podReadyText, podRestarts, podStateText } from './pod-state.ts';
import { checkPodSpec, preparePodSpec } from './pod-template.ts';

const asPod = (target: KubeObject): Pod => target;
const orNone = (text: string | undefined): string =>
  text === undefined || text === '' ? '<none>' : text;

function gatesText({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const passed = gates.filter(({ conditionType }) =>
    (status?.conditions ?? []).some(
      (each) => each.type === conditionType && each.status === 'True',
    ),
  );
  return `${passed.length}/${gates.length}`;
}

function wide(name: string, description: string, read: (pod: Pod) => string): Column {
  const cell = (target: KubeObject) => read(asPod(target));
  return { name, type: 'string', priority: 1, description, cell };
}

/** Definition of Pod. */
export const pod = builtin({
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  description: 'Containers that run together.',
  readOnly: true,
  statusSubresource: true,
  hasGeneration: true,
  schema: podSchema,
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Containers that are ready, of all.',
      cell: (target) => podReadyText(asPod(target)),
    },
    {
      name: 'Status',
      type: 'string',
      description: 'How it is.',
      cell: (target) => podStateText(asPod(target)),
    },
    {
      name: 'Restarts',
      type: 'string',
      description: 'How often containers were restarted.',
      cell: (target) => String(podRestarts(asPod(target))),
    },
    ageColumn,
    wide('IP', 'Its address.', ({ status }) => orNone(status?.podIP)),
    wide('Node', 'Where it runs.', ({ spec }) => orNone(spec?.nodeName)),
    wide('Nominated Node', 'Where it is to run.', ({ status }) =>
      orNone(status?.nominatedNodeName),
    ),
    wide('Readiness Gates', 'Further conditions of readiness.', gatesText),
  ],
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ].map((path) => ({ path })),
  prepare: (target) => preparePodSpec(asPod(target).spec ?? {}),
  validate: (target) => checkPodSpec(asPod(target).spec, 'spec'),
});
