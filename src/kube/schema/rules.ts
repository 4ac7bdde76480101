/**
 * Validation rules in the Common Expression Language (`x-kubernetes-validations`), compiled once per
 * definition. `self` is the value, `oldSelf` the stored one; a rule that names oldSelf only runs when
 * there is one.
 * @spec Kubernetes CRD validation rules
 */
import { Environment } from '@marcbachmann/cel-js';
import { DefinitionError } from '../errors.ts';
import type { FieldError, FieldReason } from '../field-error.ts';
import { duplicate, forbidden, invalid, required } from '../field-error.ts';
import { messageOf } from '#base/errors.ts';
import { isRecord } from '../object.ts';
import type { SchemaNode, ValidationRule } from './node.ts';

type Program = (context: Record<string, unknown>) => unknown;

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly transition: boolean;
  readonly test: Program;
  readonly message: Program | undefined;
}

/** The rules of a schema, at the places where they stand. */
interface RuleTree {
  readonly type: string;
  readonly rules: readonly CompiledRule[];
  readonly fields: ReadonlyMap<string, RuleTree>;
  readonly each: RuleTree | undefined;
  readonly schema: SchemaNode;
}

/** Checks a value and, on update, the value it replaces. */
export type RuleCheck = (value: unknown, old: unknown, path?: string) => FieldError[];

/** Most findings of rules in one object; a list with a failing rule per item could be long. */
export const ruleFindingsMax = 100;

/** What the rules of a schema are compiled in. */
function ruleEnvironment(): Environment {
  return new Environment({ unlistedVariablesAreDyn: true });
}

/** Characters of one rule; the longest of well-known kinds have some hundreds. */
const ruleLengthMax = 10_000;

/** Faults of one rule of a kind that comes from outside: its shape, its CEL, the functions it calls. */
export function checkRule(given: unknown, place: string): FieldError[] {
  const { rule, messageExpression, fieldPath } = isRecord(given) ? given : {};
  if (typeof rule !== 'string' || rule.trim() === '') return [required(`${place}.rule`)];
  if (fieldPath !== undefined && (typeof fieldPath !== 'string' || !/^[.[]/u.test(fieldPath))) {
    return [invalid(`${place}.fieldPath`, fieldPath, 'must be a path such as .a.b')];
  }
  const environment = ruleEnvironment();
  const found = checkExpression(environment, rule, `${place}.rule`, 'bool');
  if (messageExpression === undefined) return found;
  if (typeof messageExpression !== 'string')
    return [...found, required(`${place}.messageExpression`)];
  const at = `${place}.messageExpression`;
  return [...found, ...checkExpression(environment, messageExpression, at, 'string')];
}

function checkExpression(
  environment: Environment,
  text: string,
  field: string,
  wanted: string,
): FieldError[] {
  if (text.length > ruleLengthMax) {
    return [invalid(field, '', `must have at most ${ruleLengthMax} characters`)];
  }
  const checked = environment.check(text);
  if (!checked.valid) {
    const first = messageOf(checked.error).split('\n', 1)[0] ?? '';
    return [invalid(field, text, `compilation failed: ${first}`)];
  }
  if (checked.type === wanted || checked.type === 'dyn') return [];
  return [invalid(field, text, `must evaluate to a ${wanted}`)];
}

/**
 * Compiles the rules of a schema.
 * @returns undefined when it has none
 * @throws DefinitionError KUBE_RULE_SYNTAX
 */
export function compileRules(schema: SchemaNode): RuleCheck | undefined {
  const environment = ruleEnvironment();
  const tree = compileNode(schema, environment);
  if (tree === undefined) return undefined;
  return (value, old, path = '') => {
    const found: FieldError[] = [];
    walk(tree, value, old, path, found);
    return found.slice(0, ruleFindingsMax);
  };
}

function compileNode(schema: SchemaNode, environment: Environment): RuleTree | undefined {
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) =>
    compileRule(rule, environment),
  );
  const fields = new Map<string, RuleTree>();
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const below = compileNode(node, environment);
    if (below !== undefined) fields.set(name, below);
  }
  const { additionalProperties, items } = schema;
  const inner = typeof additionalProperties === 'object' ? additionalProperties : items;
  const each = inner === undefined ? undefined : compileNode(inner, environment);
  if (rules.length === 0 && fields.size === 0 && each === undefined) return undefined;
  return { type: schema.type ?? 'object', rules, fields, each, schema };
}

function compileRule(rule: ValidationRule, environment: Environment): CompiledRule {
  try {
    const { messageExpression } = rule;
    return {
      rule,
      transition: /\boldSelf\b/u.test(rule.rule),
      test: environment.parse(rule.rule),
      message: messageExpression === undefined ? undefined : environment.parse(messageExpression),
    };
  } catch (cause) {
    throw new DefinitionError('KUBE_RULE_SYNTAX', `rule ${JSON.stringify(rule.rule)} is not CEL`, {
      cause,
    });
  }
}

function walk(
  tree: RuleTree,
  value: unknown,
  old: unknown,
  path: string,
  found: FieldError[],
): void {
  if (value === undefined || value === null || found.length >= ruleFindingsMax) return;
  if (tree.rules.length > 0) {
    const self = celValue(tree.schema, value);
    const oldSelf = old === undefined ? undefined : celValue(tree.schema, old);
    for (const compiled of tree.rules) {
      if (compiled.transition && oldSelf === undefined) continue;
      const error = evaluate(compiled, { self, oldSelf }, path, tree.type);
      if (error !== undefined) found.push(error);
    }
  }
  if (Array.isArray(value)) {
    // Items of plain lists have no identity, so they have no old value either.
    for (const [index, item] of value.entries()) {
      if (tree.each !== undefined) walk(tree.each, item, undefined, `${path}[${index}]`, found);
    }
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, item] of Object.entries(value)) {
    const below = tree.fields.get(name) ?? (tree.fields.size === 0 ? tree.each : undefined);
    if (below === undefined) continue;
    const oldItem = isRecord(old) && Object.hasOwn(old, name) ? old[name] : undefined;
    walk(below, item, oldItem, path === '' ? name : `${path}.${name}`, found);
  }
}

function evaluate(
  compiled: CompiledRule,
  context: Record<string, unknown>,
  path: string,
  type: string,
): FieldError | undefined {
  const { rule } = compiled;
  const place = `${path}${rule.fieldPath ?? ''}`.replace(/^\./u, '');
  const field = place === '' ? '<nil>' : place;
  try {
    if (compiled.test(context) === true) return undefined;
  } catch (error) {
    const first = messageOf(error).split('\n', 1)[0] ?? '';
    return invalid(field, type, `${first} evaluating rule: ${rule.message ?? rule.rule}`);
  }
  const detail = messageText(compiled, context);
  const reason: FieldReason = rule.reason ?? 'FieldValueInvalid';
  if (reason === 'FieldValueForbidden') return forbidden(field, detail);
  if (reason === 'FieldValueRequired') return required(field, detail);
  if (reason === 'FieldValueDuplicate') return duplicate(field, type);
  return invalid(field, type, detail);
}

function messageText(compiled: CompiledRule, context: Record<string, unknown>): string {
  const { rule } = compiled;
  const fallback = rule.message ?? `failed rule: ${rule.rule}`;
  if (compiled.message === undefined) return fallback;
  try {
    const text = compiled.message(context);
    return typeof text === 'string' && text.trim() !== '' ? text.trim() : fallback;
  } catch {
    return fallback;
  }
}

/** The value as CEL sees it: whole numbers are `int`, which cel-js writes as bigint. */
function celValue(schema: SchemaNode | undefined, value: unknown): unknown {
  if (typeof value === 'number') {
    const whole = schema?.type !== 'number' && Number.isInteger(value);
    return whole ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => celValue(schema?.items, item));
  if (!isRecord(value)) return value;
  const { additionalProperties } = schema ?? {};
  const rest = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const named = schema?.properties;
    const node = named !== undefined && Object.hasOwn(named, name) ? named[name] : rest;
    copy[name] = celValue(node, item);
  }
  return copy;
}
