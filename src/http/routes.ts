/**
 * Routing by path segments. Patterns are `/a/{name}/b`; a last `{name...}` takes the rest.
 * Literal segments win over parameters, whatever the order of adding.
 */
export interface RouteMatch<T> {
  readonly value: T;
  /** Decoded parameters by name. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: { readonly name: string; readonly node: Node<T> } | undefined;
  rest: { readonly name: string; readonly values: Map<string, T> } | undefined;
  readonly values: Map<string, T>;
}

export class Routes<T> {
  readonly #root: Node<T> = newNode();

  /** @param method upper case, or `*` for every method */
  add(method: string, pattern: string, value: T): this {
    let node = this.#root;
    for (const segment of pattern.split('/').slice(1)) {
      const name = /^\{(\w+)(\.\.\.)?\}$/.exec(segment);
      if (name?.[2]) {
        node.rest ??= { name: name[1] ?? '', values: new Map() };
        node.rest.values.set(method, value);
        return this;
      }
      node = name ? parameterOf(node, name[1] ?? '') : literalOf(node, segment);
    }
    node.values.set(method, value);
    return this;
  }

  /** The match; `method` when the path is known but not for this method; undefined otherwise. */
  match(method: string, path: string): RouteMatch<T> | 'method' | undefined {
    const segments: string[] = [];
    for (const raw of path.split('/').slice(1)) {
      const segment = decodeSegment(raw);
      if (segment === undefined) return undefined;
      segments.push(segment);
    }
    const parameters: Record<string, string> = {};
    const values = find(this.#root, segments, 0, parameters);
    if (!values) return undefined;
    const value = values.get(method) ?? values.get('*');
    return value === undefined ? 'method' : { value, parameters };
  }
}

/** The segment without percent escapes; undefined when they are malformed. */
function decodeSegment(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

function newNode<T>(): Node<T> {
  return { literals: new Map(), parameter: undefined, rest: undefined, values: new Map() };
}

function literalOf<T>(node: Node<T>, segment: string): Node<T> {
  const known = node.literals.get(segment);
  if (known) return known;
  const created = newNode<T>();
  node.literals.set(segment, created);
  return created;
}

function parameterOf<T>(node: Node<T>, name: string): Node<T> {
  node.parameter ??= { name, node: newNode() };
  return node.parameter.node;
}

function find<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  parameters: Record<string, string>,
): Map<string, T> | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.values.size > 0 ? node.values : undefined;
  const literal = node.literals.get(segment);
  const found = literal && find(literal, segments, at + 1, parameters);
  if (found) return found;
  if (node.parameter && segment !== '') {
    const deeper = find(node.parameter.node, segments, at + 1, parameters);
    if (deeper) {
      parameters[node.parameter.name] = segment;
      return deeper;
    }
  }
  if (node.rest) {
    parameters[node.rest.name] = segments.slice(at).join('/');
    return node.rest.values;
  }
  return undefined;
}
