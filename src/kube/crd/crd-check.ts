/** What a CustomResourceDefinition must satisfy beyond its shape, in the words of Kubernetes. */
import { messageOf } from '#base/errors.ts';
import type { FieldError } from '../field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../field-error.ts';
import { checkLabel1035, checkSubdomainName } from '../name.ts';
import { compileJsonPath } from '../table/jsonpath.ts';
import type { CrdNames, CrdVersion, CustomResourceDefinition } from './crd-schema.ts';
import { checkStructural } from './structural.ts';

type Spec = NonNullable<CustomResourceDefinition['spec']>;

const scopes = ['Cluster', 'Namespaced'];
const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const approval = 'api-approved.kubernetes.io';

/** All faults of a definition. */
export function checkCrd(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const { spec = {}, metadata } = crd;
  const { group = '', names = {}, scope = '', versions = [] } = spec;
  const found = checkGroup(group);
  const wanted = `${names.plural ?? ''}.${group}`;
  if (metadata.name !== wanted) {
    found.push(invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  const approved = metadata.annotations?.[approval] ?? '';
  if (approved === '' && /(?:^|\.)(?:k8s|kubernetes)\.io$/u.test(group)) {
    const detail = `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`;
    found.push(required(`metadata.annotations[${approval}]`, detail));
  }
  if (!scopes.includes(scope)) found.push(notSupported('spec.scope', scope, scopes));
  found.push(...checkNames(names), ...checkConversion(spec));
  if (spec.preserveUnknownFields === true) {
    found.push(invalid('spec.preserveUnknownFields', true, 'must be false'));
  }
  found.push(...checkVersions(versions));
  return old === undefined ? found : [...found, ...checkFrozen(spec, old.spec ?? {})];
}

function checkGroup(group: string): FieldError[] {
  if (group === '') return [required('spec.group')];
  const found = checkSubdomainName(group).map((text) => invalid('spec.group', group, text));
  if (!group.includes('.')) {
    found.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  }
  return found;
}

function checkNames(names: CrdNames): FieldError[] {
  const found: FieldError[] = [];
  const check = (field: string, name: string): void => {
    if (name === '') found.push(required(field));
    else
      found.push(...checkLabel1035(name.toLowerCase()).map((text) => invalid(field, name, text)));
  };
  const { plural = '', singular = '', kind = '', listKind = '' } = names;
  check('spec.names.plural', plural);
  check('spec.names.singular', singular);
  check('spec.names.kind', kind);
  check('spec.names.listKind', listKind);
  for (const list of ['shortNames', 'categories'] as const) {
    for (const [index, name] of (names[list] ?? []).entries()) {
      const field = `spec.names.${list}[${index}]`;
      found.push(...checkLabel1035(name).map((text) => invalid(field, name, text)));
    }
  }
  if (plural !== plural.toLowerCase()) {
    found.push(invalid('spec.names.plural', plural, 'must be in lower case'));
  }
  if (kind !== '' && kind === listKind) {
    found.push(invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same'));
  }
  return found;
}

function checkConversion({ conversion }: Spec): FieldError[] {
  const strategy = conversion?.strategy ?? 'None';
  if (strategy === 'None') return [];
  return [notSupported('spec.conversion.strategy', strategy, ['None'])];
}

function checkVersions(versions: readonly CrdVersion[]): FieldError[] {
  if (versions.length === 0) return [required('spec.versions', 'must have at least one version')];
  const found: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const place = `spec.versions[${index}]`;
    const { name = '' } = version;
    const messages = name === '' ? [] : checkLabel1035(name);
    if (name === '') found.push(required(`${place}.name`));
    found.push(...messages.map((text) => invalid(`${place}.name`, name, text)));
    if (names.has(name)) found.push(duplicate(`${place}.name`, name));
    names.add(name);
    found.push(...checkVersion(version, place));
  }
  const storing = versions.filter(({ storage }) => storage === true).length;
  if (storing !== 1) {
    const list = versions.map(({ name = '' }) => name);
    const detail = 'must have exactly one version marked as storage version';
    found.push(invalid('spec.versions', list, detail));
  }
  if (!versions.some(({ served }) => served === true)) {
    found.push(invalid('spec.versions', [...names], 'must have at least one served version'));
  }
  return found;
}

function checkVersion(version: CrdVersion, place: string): FieldError[] {
  const found = checkStructural(version.schema?.openAPIV3Schema, `${place}.schema.openAPIV3Schema`);
  if ((version.deprecationWarning ?? '') !== '' && version.deprecated !== true) {
    const detail = 'can only be set for deprecated versions';
    found.push(invalid(`${place}.deprecationWarning`, version.deprecationWarning, detail));
  }
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries()) {
    const at = `${place}.additionalPrinterColumns[${index}]`;
    if ((column.name ?? '') === '') found.push(required(`${at}.name`));
    if (!columnTypes.includes(column.type ?? '')) {
      found.push(notSupported(`${at}.type`, column.type ?? '', columnTypes));
    }
    found.push(...checkPath(`${at}.jsonPath`, column.jsonPath));
  }
  for (const [index, { jsonPath }] of (version.selectableFields ?? []).entries()) {
    found.push(...checkFieldPath(`${place}.selectableFields[${index}].jsonPath`, jsonPath, '.'));
  }
  const { scale } = version.subresources ?? {};
  if (scale) {
    const at = `${place}.subresources.scale`;
    const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
    found.push(...checkFieldPath(`${at}.specReplicasPath`, specReplicasPath, '.spec.'));
    found.push(...checkFieldPath(`${at}.statusReplicasPath`, statusReplicasPath, '.status.'));
    if ((labelSelectorPath ?? '') !== '') {
      found.push(...checkFieldPath(`${at}.labelSelectorPath`, labelSelectorPath, '.s'));
    }
  }
  return found;
}

function checkPath(field: string, path: string | undefined): FieldError[] {
  if (path === undefined || path === '') return [required(field)];
  if (!path.startsWith('.'))
    return [invalid(field, path, 'must be a simple json path starting with .')];
  try {
    compileJsonPath(path);
    return [];
  } catch (thrown) {
    return [invalid(field, path, messageOf(thrown))];
  }
}

/** A path of names alone, that can be written through. */
function checkFieldPath(field: string, path: string | undefined, start: string): FieldError[] {
  if (path === undefined || path === '') return [required(field)];
  if (path.startsWith(start) && /^(?:\.[A-Za-z_][\w-]*)+$/u.test(path)) return [];
  const detail = `should be a json path of field names under ${start}`;
  return [invalid(field, path, detail)];
}

/** Objects are stored under these names. */
function checkFrozen(spec: Spec, old: Spec): FieldError[] {
  const found: FieldError[] = [];
  const check = (field: string, next: unknown, before: unknown): void => {
    if (next !== before) found.push(invalid(field, next, 'field is immutable'));
  };
  check('spec.group', spec.group, old.group);
  check('spec.scope', spec.scope, old.scope);
  check('spec.names.kind', spec.names?.kind, old.names?.kind);
  check('spec.names.plural', spec.names?.plural, old.names?.plural);
  const kept = new Set((spec.versions ?? []).map(({ name }) => name));
  for (const { name = '', storage } of old.versions ?? []) {
    if (storage === true && !kept.has(name)) {
      const detail = `objects may be stored in version ${name}: it must stay, but need not be served`;
      found.push(forbidden('spec.versions', detail));
    }
  }
  return found;
}
