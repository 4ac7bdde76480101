/**
 * The kind-dependent steps between decoding a body and storing it, in the order of the Kubernetes
 * pipeline: unknown fields, nulls, defaults, preparation, checks.
 */
import type { ResourceDefinition } from './definition.ts';
import type { FieldError } from './field-error.ts';
import { invalid } from './field-error.ts';
import { checkChangedMetadata, checkNewMetadata } from './metadata.ts';
import type { KubeObject } from './object.ts';
import { apiVersionOf, isRecord } from './object.ts';
import { checkSchema } from './schema/check.ts';
import { checkListTypes } from './schema/list-type.ts';
import { applyDefaults, dropNulls, normalizeTimes, pruneUnknown } from './schema/prune.ts';
import type { RuleCheck } from './schema/rules.ts';
import { compileRules } from './schema/rules.ts';

const blocking: readonly string[] = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
];

const skippedRules = invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

/** One kind's definition, made ready: rules are compiled once, here. */
export class Admission {
  readonly definition: ResourceDefinition;
  readonly #rules: RuleCheck | undefined;
  readonly #statusRules: RuleCheck | undefined;

  /** @throws DefinitionError KUBE_RULE_SYNTAX when a rule of the definition is not CEL */
  constructor(definition: ResourceDefinition) {
    this.definition = definition;
    const status = definition.schema.properties?.['status'];
    this.#rules = compileRules(definition.schema);
    this.#statusRules = status === undefined ? undefined : compileRules(status);
  }

  /**
   * Cuts unknown fields and stray nulls, fills in defaults, brings times into one form. Changes the
   * decoded body in place.
   * @returns the paths that were cut: refused under strict validation, warned about otherwise
   */
  normalize(body: Record<string, unknown>): string[] {
    const cut = this.normalizeApplied(body);
    applyDefaults(this.definition.schema, body);
    return cut;
  }

  /** As `normalize`, without defaults: who applies a configuration owns what it says and no more. */
  normalizeApplied(body: Record<string, unknown>): string[] {
    const cut = pruneUnknown(this.definition.schema, body);
    dropNulls(this.definition.schema, body);
    normalizeTimes(this.definition.schema, body);
    return cut;
  }

  /** Fills in defaults in place. */
  fillDefaults(object: KubeObject): void {
    applyDefaults(this.definition.schema, object);
  }

  /**
   * Lets the kind convert and complete the object (Secret: stringData), in place. An object of the wrong
   * shape is left alone: check() tells what is wrong with it.
   */
  prepare(object: KubeObject, old?: KubeObject): void {
    const { definition } = this;
    if (definition.prepare === undefined) return;
    if (checkSchema(definition.schema, object).length === 0) definition.prepare(object, old);
  }

  /**
   * All faults of an object, empty when it may be stored.
   * @param old the stored object on update, absent on create
   */
  check(object: KubeObject, old?: KubeObject): FieldError[] {
    const { definition } = this;
    const kindFaults = this.#checkKind(object);
    if (kindFaults.length > 0) return kindFaults;
    const shape = [
      ...checkSchema(definition.schema, object),
      ...checkListTypes(definition.schema, object),
    ];
    // Broken metadata would only confuse the checks behind it.
    if (shape.some(({ field }) => field.startsWith('metadata'))) return shape;
    const metadata =
      old === undefined
        ? checkNewMetadata(object.metadata, definition.scope, definition.nameCheck)
        : checkChangedMetadata(object.metadata, old.metadata);
    const rules = afterShape(shape, this.#rules, (check) => check(object, old));
    // Checks in code rely on the shape that the schema promises.
    const code = shape.length === 0 ? (definition.validate?.(object, old) ?? []) : [];
    return [...metadata, ...shape, ...rules, ...code];
  }

  /** Faults of a write to the status subresource: only metadata and status are looked at. */
  checkStatus(object: KubeObject, old: KubeObject): FieldError[] {
    const node = this.definition.schema.properties?.['status'];
    const status: unknown = Object.hasOwn(object, 'status')
      ? Reflect.get(object, 'status')
      : undefined;
    const metadata = checkChangedMetadata(object.metadata, old.metadata);
    if (node === undefined || status === undefined) return metadata;
    const shape = [
      ...checkSchema(node, status, 'status'),
      ...checkListTypes(node, status, 'status'),
    ];
    const before: unknown = Object.hasOwn(old, 'status') ? Reflect.get(old, 'status') : undefined;
    const rules = afterShape(shape, this.#statusRules, (check) => check(status, before, 'status'));
    return [...metadata, ...shape, ...rules];
  }

  #checkKind(object: KubeObject): FieldError[] {
    const apiVersion = apiVersionOf(this.definition);
    const found: FieldError[] = [];
    if (!isRecord(object.metadata)) {
      found.push(invalid('metadata', object.metadata, 'must be an object'));
    }
    if (object.kind !== this.definition.kind) {
      found.push(invalid('kind', object.kind, `must be ${this.definition.kind}`));
    }
    if (object.apiVersion !== apiVersion) {
      found.push(invalid('apiVersion', object.apiVersion, `must be ${apiVersion}`));
    }
    return found;
  }
}

/** Runs rules, unless the shape is so wrong that they could not be trusted. */
function afterShape(
  shape: readonly FieldError[],
  rules: RuleCheck | undefined,
  run: (rules: RuleCheck) => FieldError[],
): FieldError[] {
  if (rules === undefined) return [];
  return shape.some(({ reason }) => blocking.includes(reason)) ? [skippedRules] : run(rules);
}
