/**
 * The part of JSONPath that printer columns use: fields, quoted fields, indexes, `[*]` and
 * `[?(@.a=="b")]`.
 * @spec Kubernetes additionalPrinterColumns, client-go jsonpath
 */
import { DefinitionError } from '../errors.ts';
import { valueAt } from '../json.ts';
import { isRecord } from '../object.ts';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' }
  | { readonly kind: 'filter'; readonly path: readonly string[]; readonly equals: string };

/** Finds the values at a path. */
export type JsonPath = (value: unknown) => unknown[];

const grammar: readonly { pattern: RegExp; step: (match: RegExpExecArray) => Step }[] = [
  {
    pattern: /\.((?:\\.|[^.[\]\\'"])+)/uy,
    step: (match) => ({ kind: 'field', name: (match[1] ?? '').replaceAll(/\\(.)/gu, '$1') }),
  },
  {
    pattern: /\.?\[(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\]/uy,
    step: (match) => ({
      kind: 'field',
      name: (match[1] ?? match[2] ?? '').replaceAll(/\\(.)/gu, '$1'),
    }),
  },
  {
    pattern: /\.?\[(-?\d+)\]/uy,
    step: (match) => ({ kind: 'index', index: Number(match[1]) }),
  },
  { pattern: /\.?\[\*\]/uy, step: () => ({ kind: 'every' }) },
  {
    pattern: /\.?\[\?\(\s*@((?:\.[A-Za-z0-9_-]+)+)\s*==\s*(?:'([^']*)'|"([^"]*)")\s*\)\]/uy,
    step: (match) => ({
      kind: 'filter',
      path: (match[1] ?? '').slice(1).split('.'),
      equals: match[2] ?? match[3] ?? '',
    }),
  },
];

/**
 * Compiles a path such as `.status.conditions[?(@.type=="Ready")].status`.
 * @throws DefinitionError KUBE_JSONPATH_SYNTAX
 */
export function compileJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    const before = at;
    for (const { pattern, step } of grammar) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (match === null) continue;
      steps.push(step(match));
      at = pattern.lastIndex;
      break;
    }
    if (at === before) {
      throw new DefinitionError(
        'KUBE_JSONPATH_SYNTAX',
        `${JSON.stringify(text)} is no simple JSONPath at character ${at}`,
      );
    }
  }
  return (value) =>
    steps.reduce<unknown[]>((here, step) => here.flatMap((v) => take(step, v)), [value]);
}

function take(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field': {
      const found = isRecord(value) ? valueAt(value, [step.name]) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const item: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'every':
      if (Array.isArray(value)) return value;
      return isRecord(value) ? Object.values(value) : [];
    case 'filter':
      if (!Array.isArray(value)) return [];
      return value.filter((item) => valueAt(item, step.path) === step.equals);
    default:
      return [];
  }
}
