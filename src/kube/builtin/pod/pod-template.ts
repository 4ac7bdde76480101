/** Completing and checking what pods are to be, wherever a template of them stands. */
import type { FieldError } from '../../field-error.ts';
import { duplicate, invalid, notSupported, required } from '../../field-error.ts';
import { checkLabelName, checkPortNumber } from '../../name.ts';
import { isQuantity, normalizeQuantities } from '../../quantity.ts';
import type { Container, PodSpec } from './pod-schema.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const protocols = ['SCTP', 'TCP', 'UDP'];

/** Fills in what follows from other fields, in place. */
export function preparePodSpec(spec: PodSpec): void {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  // Both names of the field are kept equal, as old clients expect.
  if (account !== undefined && account !== '') {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    container.imagePullPolicy ??= isLatest(container.image ?? '') ? 'Always' : 'IfNotPresent';
    normalizeQuantities(container.resources?.limits);
    normalizeQuantities(container.resources?.requests);
  }
  for (const volume of spec.volumes ?? []) {
    // A volume without a source is an empty directory.
    if (Object.keys(volume).length === 1) Object.assign(volume, { emptyDir: {} });
  }
}

/** Whether an image has no tag of its own, or `latest`. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^/:]+)$/u.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

/** Faults of a PodSpec that stands at `place`. */
export function checkPodSpec(spec: PodSpec | undefined, place: string): FieldError[] {
  const { containers = [], initContainers = [] } = spec ?? {};
  if (containers.length === 0) return [required(`${place}.containers`)];
  const names = new Set<string>();
  return [
    ...checkContainers(containers, `${place}.containers`, names),
    ...checkContainers(initContainers, `${place}.initContainers`, names),
  ];
}

function checkContainers(
  containers: readonly Container[],
  place: string,
  names: Set<string>,
): FieldError[] {
  return containers.flatMap((container, index) => {
    const here = `${place}[${index}]`;
    const { name = '', image = '', imagePullPolicy = '' } = container;
    const found: FieldError[] = [];
    if (name === '') found.push(required(`${here}.name`));
    else found.push(...checkLabelName(name).map((text) => invalid(`${here}.name`, name, text)));
    if (name !== '' && names.has(name)) found.push(duplicate(`${here}.name`, name));
    names.add(name);
    if (image === '') found.push(required(`${here}.image`));
    if (image !== image.trim()) {
      found.push(invalid(`${here}.image`, image, 'must not have leading or trailing whitespace'));
    }
    if (!pullPolicies.includes(imagePullPolicy)) {
      found.push(notSupported(`${here}.imagePullPolicy`, imagePullPolicy, pullPolicies));
    }
    return [...found, ...checkPorts(container, here), ...checkResources(container, here)];
  });
}

function checkPorts({ ports = [] }: Container, place: string): FieldError[] {
  return ports.flatMap(({ containerPort = 0, protocol = '' }, index) => {
    const here = `${place}.ports[${index}]`;
    const found = checkPortNumber(containerPort).map((text) =>
      invalid(`${here}.containerPort`, containerPort, text),
    );
    if (!protocols.includes(protocol)) {
      found.push(notSupported(`${here}.protocol`, protocol, protocols));
    }
    return found;
  });
}

function checkResources({ resources }: Container, place: string): FieldError[] {
  const found: FieldError[] = [];
  for (const kind of ['limits', 'requests'] as const) {
    for (const [name, value] of Object.entries(resources?.[kind] ?? {})) {
      if (isQuantity(value)) continue;
      const detail =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
      found.push(invalid(`${place}.resources.${kind}[${name}]`, value, detail));
    }
  }
  return found;
}
