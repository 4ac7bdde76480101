/**
 * Label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 * @spec Kubernetes apimachinery labels selector
 */
import { unreachable } from '#base/assert.ts';
import { checkLabelValue, checkQualifiedName } from '../name.ts';
import { badRequest } from '../status.ts';
import { parseInt64 } from './integer.ts';

/** One comma-separated part. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'LessThan';
  readonly values: readonly string[];
}

/** Characters that a selector may have, so that a request cannot make the server parse for long. */
export const selectorLengthMax = 16 * 1024;

/** All requirements must hold. */
export class LabelSelector {
  readonly requirements: readonly LabelRequirement[];

  constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = requirements;
  }

  /** True when it selects everything. */
  get isEmpty(): boolean {
    return this.requirements.length === 0;
  }

  /** True when the labels satisfy every requirement. */
  matches(labels: Readonly<Record<string, string>> | undefined): boolean {
    return this.requirements.every((each) => holds(each, labels ?? {}));
  }

  /** In the syntax that parseLabelSelector reads, in normal form. */
  toString(): string {
    return this.requirements.map(requirementText).join(',');
  }
}

function holds(one: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, one.key) ? labels[one.key] : undefined;
  switch (one.operator) {
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'In':
      return value !== undefined && one.values.includes(value);
    case 'NotIn':
      return value === undefined || !one.values.includes(value);
    case 'GreaterThan':
    case 'LessThan': {
      const [has, bound] = [parseInt64(value ?? ''), parseInt64(one.values[0] ?? '')];
      if (has === undefined || bound === undefined) return false;
      return one.operator === 'GreaterThan' ? has > bound : has < bound;
    }
    default:
      return unreachable(one.operator, 'label operator');
  }
}

function requirementText(one: LabelRequirement): string {
  const [first = ''] = one.values;
  switch (one.operator) {
    case 'Exists':
      return one.key;
    case 'DoesNotExist':
      return `!${one.key}`;
    case 'In':
      return one.values.length === 1
        ? `${one.key}=${first}`
        : `${one.key} in (${one.values.join(',')})`;
    case 'NotIn':
      return one.values.length === 1
        ? `${one.key}!=${first}`
        : `${one.key} notin (${one.values.join(',')})`;
    case 'GreaterThan':
      return `${one.key}>${first}`;
    case 'LessThan':
      return `${one.key}<${first}`;
    default:
      return unreachable(one.operator, 'label operator');
  }
}

const tokenPattern = /\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)/uy;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  for (;;) {
    const match = tokenPattern.exec(text);
    if (match === null) break;
    tokens.push(match[1] ?? '');
  }
  return tokens;
}

/**
 * Reads a label selector; the empty text selects everything.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST `unable to parse requirement: …`
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > selectorLengthMax) {
    throw badRequest(`the selector is longer than ${selectorLengthMax} characters`);
  }
  const parser = new Parser(tokenize(text));
  return new LabelSelector(parser.parse());
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#tokens.length === 0) return requirements;
    for (;;) {
      requirements.push(this.#requirement());
      const next = this.#next();
      if (next === '')
        return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      if (next !== ',') throw this.#fault(next, "',' or 'end of string'");
      if (this.#peek() === '') throw this.#fault('', "identifier after ','");
    }
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #fault(found: string, expected: string): Error {
    return badRequest(`unable to parse requirement: found '${found}', expected: ${expected}`);
  }

  #key(): string {
    const key = this.#next();
    if (/^[=!<>(),]|^$/u.test(key)) throw this.#fault(key, "!, identifier, or 'end of string'");
    check('key', key, checkQualifiedName(key));
    return key;
  }

  #requirement(): LabelRequirement {
    if (this.#peek() === '!') {
      this.#next();
      return { key: this.#key(), operator: 'DoesNotExist', values: [] };
    }
    const key = this.#key();
    const operator = this.#peek();
    if (operator === '' || operator === ',') return { key, operator: 'Exists', values: [] };
    this.#next();
    switch (operator) {
      case '=':
      case '==':
        return { key, operator: 'In', values: [this.#value(key)] };
      case '!=':
        return { key, operator: 'NotIn', values: [this.#value(key)] };
      case 'in':
        return { key, operator: 'In', values: this.#set(key) };
      case 'notin':
        return { key, operator: 'NotIn', values: this.#set(key) };
      case '>':
      case '<': {
        const value = this.#value(key);
        if (parseInt64(value) === undefined) {
          throw badRequest(
            `unable to parse requirement: values[0][${key}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
        }
        return { key, operator: operator === '>' ? 'GreaterThan' : 'LessThan', values: [value] };
      }
      default:
        throw this.#fault(operator, 'in, notin, =, ==, !=, gt, lt');
    }
  }

  /** A value may be empty: `a=` selects the empty label value. */
  #value(key: string): string {
    const next = this.#peek();
    if (next === '' || next === ',') return '';
    if (/^[=!<>()]/u.test(next)) throw this.#fault(next, 'identifier');
    this.#next();
    check(`values[0][${key}]`, next, checkLabelValue(next));
    return next;
  }

  #set(key: string): string[] {
    const open = this.#next();
    if (open !== '(') throw this.#fault(open, "'('");
    const values = new Set<string>();
    for (;;) {
      const token = this.#next();
      if (token === ')') {
        values.add('');
        break;
      }
      if (token === ',') {
        values.add('');
        continue;
      }
      if (/^[=!<>(]|^$/u.test(token)) throw this.#fault(token, "',', ')' or identifier");
      check(`values[${values.size}][${key}]`, token, checkLabelValue(token));
      values.add(token);
      const after = this.#next();
      if (after === ')') break;
      if (after !== ',') throw this.#fault(after, "',' or ')'");
    }
    return [...values].sort();
  }
}

function check(place: string, text: string, faults: readonly string[]): void {
  const [first] = faults;
  if (first === undefined) return;
  throw badRequest(
    `unable to parse requirement: ${place}: Invalid value: ${JSON.stringify(text)}: ${first}`,
  );
}

/** The `matchLabels`/`matchExpressions` form that objects carry. */
export interface LabelSelectorSpec {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** The selector of an object's `matchLabels`/`matchExpressions`. */
export function labelSelectorOf(spec: LabelSelectorSpec): LabelSelector {
  const requirements: LabelRequirement[] = Object.entries(spec.matchLabels ?? {}).map(
    ([key, value]) => ({ key, operator: 'In', values: [value] }),
  );
  for (const { key, operator, values = [] } of spec.matchExpressions ?? []) {
    if (
      operator === 'In' ||
      operator === 'NotIn' ||
      operator === 'Exists' ||
      operator === 'DoesNotExist'
    ) {
      requirements.push({ key, operator, values });
    } else throw badRequest(`"${operator}" is not a valid label selector operator`);
  }
  return new LabelSelector(requirements);
}
