/** Deployment (apps/v1): stored, checked and completed; no controller here acts on it. */
import type { Column } from '../../definition.ts';
import type { FieldError } from '../../field-error.ts';
import { invalid, notSupported, required } from '../../field-error.ts';
import { equalJson } from '../../json.ts';
import type { KubeObject } from '../../object.ts';
import { labelSelectorOf } from '../../selector/label.ts';
import { ageColumn, nameColumn } from '../../table/table.ts';
import { builtin } from '../definition.ts';
import { checkPodSpec, preparePodSpec } from '../pod/pod-template.ts';
import type { Deployment } from './deployment-schema.ts';
import { deploymentSchema } from './deployment-schema.ts';

const asDeployment = (target: KubeObject): Deployment => target;

const strategies = ['Recreate', 'RollingUpdate'];
const quarter = '25%';

function prepare(target: KubeObject): void {
  const { spec } = asDeployment(target);
  if (!spec) return;
  const strategy = (spec.strategy ??= {});
  if ((strategy.type ?? '') === '') strategy.type = 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate = {
      maxUnavailable: quarter,
      maxSurge: quarter,
      ...strategy.rollingUpdate,
    };
  }
  if (spec.template?.spec) preparePodSpec(spec.template.spec);
}

const counts = ['replicas', 'minReadySeconds', 'revisionHistoryLimit'] as const;

function validate(target: KubeObject, before: KubeObject | undefined): FieldError[] {
  const { spec = {} } = asDeployment(target);
  const found: FieldError[] = [];
  for (const name of counts) {
    const value = spec[name] ?? 0;
    if (value < 0) {
      found.push(invalid(`spec.${name}`, value, 'must be greater than or equal to 0'));
    }
  }
  const type = spec.strategy?.type ?? '';
  if (!strategies.includes(type)) {
    found.push(notSupported('spec.strategy.type', type, strategies));
  }
  if (type === 'Recreate' && spec.strategy?.rollingUpdate !== undefined) {
    const detail = "Forbidden: may not be specified when strategy `type` is 'Recreate'";
    found.push({
      reason: 'FieldValueForbidden',
      field: 'spec.strategy.rollingUpdate',
      message: detail,
    });
  }
  found.push(...checkSelector(asDeployment(target)));
  found.push(...checkPodSpec(spec.template?.spec, 'spec.template.spec'));
  if (before !== undefined && !equalJson(spec.selector, asDeployment(before).spec?.selector)) {
    found.push(invalid('spec.selector', spec.selector, 'field is immutable'));
  }
  return found;
}

function checkSelector({ spec = {} }: Deployment): FieldError[] {
  const { selector } = spec;
  if (selector === undefined) return [required('spec.selector')];
  const labels = spec.template?.metadata?.labels ?? {};
  const field = 'spec.template.metadata.labels';
  const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
  for (const [index, { operator }] of (selector.matchExpressions ?? []).entries()) {
    if (operators.includes(operator)) continue;
    const place = `spec.selector.matchExpressions[${index}].operator`;
    return [invalid(place, operator, 'not a valid selector operator')];
  }
  const parsed = labelSelectorOf(selector);
  if (parsed.isEmpty) {
    return [invalid('spec.selector', selector, 'empty selector is invalid for deployment')];
  }
  if (parsed.matches(labels)) return [];
  return [invalid(field, labels, '`selector` does not match template `labels`')];
}

function wide(name: string, description: string, read: (target: Deployment) => string): Column {
  const cell = (target: KubeObject) => read(asDeployment(target));
  return { name, type: 'string', priority: 1, description, cell };
}

const containersOf = (target: Deployment) => target.spec?.template?.spec?.containers ?? [];

/** Definition of Deployment. */
export const deployment = builtin({
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  description: 'Wishes a number of equal pods, replaced step by step.',
  statusSubresource: true,
  hasGeneration: true,
  scale: {
    specReplicas: '.spec.replicas',
    statusReplicas: '.status.replicas',
    selector: '.spec.selector',
  },
  schema: deploymentSchema,
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Pods that are ready, of those wanted.',
      cell: (target) => {
        const { spec, status } = asDeployment(target);
        return `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`;
      },
    },
    {
      name: 'Up-to-date',
      type: 'string',
      description: 'Pods of the newest template.',
      cell: (target) => String(asDeployment(target).status?.updatedReplicas ?? 0),
    },
    {
      name: 'Available',
      type: 'string',
      description: 'Pods that serve.',
      cell: (target) => String(asDeployment(target).status?.availableReplicas ?? 0),
    },
    ageColumn,
    wide('Containers', 'Names of the containers.', (target) =>
      containersOf(target)
        .map(({ name = '' }) => name)
        .join(','),
    ),
    wide('Images', 'Images of the containers.', (target) =>
      containersOf(target)
        .map(({ image = '' }) => image)
        .join(','),
    ),
    wide('Selector', 'Labels of the pods.', ({ spec }) =>
      labelSelectorOf(spec?.selector ?? {}).toString(),
    ),
  ],
  prepare,
  validate,
});
