/** From a decoded body to an object of the kind: fields nobody knows are refused or reported. */
import {
  type Admission,
  apiVersionOf,
  badRequest,
  checkSchema,
  type DynamicObject,
  fieldErrorsText,
  isRecord,
  type ResourceDefinition,
} from '#kube/index.ts';
import type { DecodedBody } from '../request/object-body.ts';
import type { FieldValidation } from '../request/query-options.ts';

/**
 * The body as an object: right kind, unknown fields cut, defaults filled in. Changes the decoded
 * value in place.
 * @param warnings takes what `Warn` finds
 * @param applies the body is a configuration to be applied: defaults are left out
 * @throws StatusError KUBE_BAD_REQUEST
 */
export function admitBody(
  admission: Admission,
  body: DecodedBody,
  validation: FieldValidation,
  warnings: string[],
  applies = false,
): DynamicObject {
  const { definition } = admission;
  const { value } = body;
  checkKind(definition, value);
  if (!isRecord(value['metadata'])) {
    if (value['metadata'] !== undefined && value['metadata'] !== null) {
      throw badRequest('metadata must be an object');
    }
    value['metadata'] = {};
  }
  const cut = applies ? admission.normalizeApplied(value) : admission.normalize(value);
  reportFields(definition, body.duplicates, cut, validation, warnings);
  checkMetadataShape(definition, value);
  const object = value as DynamicObject;
  // What is not there yet (generateName) is the empty name from here on.
  object.metadata.name ??= '';
  return object;
}

/** Metadata of the wrong shape is not even an object of the API. */
function checkMetadataShape(definition: ResourceDefinition, value: Record<string, unknown>): void {
  const schema = definition.schema.properties?.['metadata'];
  const faults = schema ? checkSchema(schema, value['metadata'], 'metadata') : [];
  if (faults.length > 0) throw badRequest(fieldErrorsText(faults));
}

/** Applies the field validation to what was found. @throws StatusError KUBE_BAD_REQUEST */
function reportFields(
  definition: ResourceDefinition,
  duplicates: readonly string[],
  unknown: readonly string[],
  validation: FieldValidation,
  warnings: string[],
): void {
  if (validation === 'Ignore') return;
  const faults = [
    ...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (faults.length === 0) return;
  if (validation === 'Warn') {
    warnings.push(...faults);
    return;
  }
  const { kind, version } = definition;
  throw badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${faults.join(', ')}`,
  );
}

/** Built-in kinds may leave out what the path says already; custom ones must be complete. */
function checkKind(definition: ResourceDefinition, value: Record<string, unknown>): void {
  const apiVersion = apiVersionOf(definition);
  const { kind: givenKind = '', apiVersion: givenVersion = '' } = value;
  if (definition.custom && givenKind === '')
    throw badRequest("Object 'Kind' is missing in the body");
  if (definition.custom && givenVersion === '') {
    throw badRequest("Object 'apiVersion' is missing in the body");
  }
  if (givenVersion !== '' && givenVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${shown(givenVersion)}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (givenKind !== '' && givenKind !== definition.kind) {
    throw badRequest(
      `the kind in the data (${shown(givenKind)}) does not match the expected kind (${definition.kind})`,
    );
  }
  value['apiVersion'] = apiVersion;
  value['kind'] = definition.kind;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 256) : typeof value;
}
