/**
 * Field selectors: `metadata.name=x,status.phase!=Active`. Only fields that the kind declares.
 * @spec Kubernetes apimachinery fields selector
 */
import type { ResourceDefinition, SelectableField } from '../definition.ts';
import { valueAt } from '../json.ts';
import type { KubeObject } from '../object.ts';
import { badRequest } from '../status.ts';
import { selectorLengthMax } from './label.ts';

interface Term {
  readonly field: SelectableField;
  readonly negated: boolean;
  readonly value: string;
}

const metadataFields: readonly SelectableField[] = [
  { path: 'metadata.name', read: (object) => object.metadata.name },
  { path: 'metadata.namespace', read: (object) => object.metadata.namespace ?? '' },
];

/** All terms must hold. */
export class FieldSelector {
  readonly #terms: readonly Term[];

  constructor(terms: readonly Term[]) {
    this.#terms = terms;
  }

  /** True when it selects everything. */
  get isEmpty(): boolean {
    return this.#terms.length === 0;
  }

  /** True when the object satisfies every term. */
  matches(object: KubeObject): boolean {
    return this.#terms.every(
      ({ field, negated, value }) => (readField(field, object) === value) !== negated,
    );
  }

  /** The value that `path` must have, if a term fixes it: lets a server look up instead of scan. */
  exact(path: string): string | undefined {
    return this.#terms.find((term) => !term.negated && term.field.path === path)?.value;
  }
}

/** The text that a field selector compares. */
export function readField(field: SelectableField, object: KubeObject): string {
  if (field.read !== undefined) return field.read(object);
  const value = valueAt(object, field.path.split('.'));
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Splits at commas that no backslash protects, in the order in which they are then read. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.?|[^,\\])+/gsu) ?? []).toSorted();
}

function unescapeValue(value: string): string {
  return value.replace(/\\(.?)|=/gsu, (all, escaped: string | undefined) => {
    if (escaped === ',' || escaped === '=' || escaped === '\\') return escaped;
    const what = all === '=' ? "a '=' in a value needs a backslash" : 'invalid escape sequence';
    throw badRequest(`invalid field selector: ${what}: ${all}`);
  });
}

/**
 * Reads a field selector for a kind; the empty text selects everything.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST for malformed terms and for fields that cannot be selected
 */
export function parseFieldSelector(text: string, definition: ResourceDefinition): FieldSelector {
  if (text.length > selectorLengthMax) {
    throw badRequest(`the selector is longer than ${selectorLengthMax} characters`);
  }
  const known = [...metadataFields, ...definition.selectableFields];
  const terms = parseFieldTerms(text).map(({ path, negated, value }): Term => {
    const field = known.find((each) => each.path === path);
    if (field === undefined) throw unknownField(path, definition);
    return { field, negated, value };
  });
  return new FieldSelector(terms);
}

/** One part of a field selector of whatever kind. */
export interface FieldTerm {
  readonly path: string;
  /** True for `!=`. */
  readonly negated: boolean;
  readonly value: string;
}

/**
 * The terms of a field selector, whether or not a kind has such fields.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST for malformed terms
 */
export function parseFieldTerms(text: string): FieldTerm[] {
  return splitTerms(text).map((part) => {
    const match = /^(.*?)(!=|==|=)(.*)$/su.exec(part);
    if (match === null) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    }
    const [, path = '', operator = '', value = ''] = match;
    return { path, negated: operator === '!=', value: unescapeValue(value) };
  });
}

function unknownField(path: string, definition: ResourceDefinition): Error {
  if (definition.custom || definition.selectableFields.length > 0) {
    return badRequest(`field label not supported: ${path}`);
  }
  return badRequest(
    `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}
