/**
 * The configuration file: a JSON list of `[type, attributes]`. Applied in an order in which each
 * element finds what it refers to, through the same kinds that management uses.
 */
import { messageOf } from '#base/errors.ts';
import {
  type Attributes,
  type AttributeValue,
  optionalNumber,
  optionalText,
  required,
} from './agent/entity.ts';
import { RouterError } from './errors.ts';
import type { Router, RouterOptions } from './router.ts';

/** One element of the file. */
export interface ConfigElement {
  readonly type: string;
  readonly attributes: Attributes;
}

/** Largest configuration file, characters. */
const configLengthMax = 16 * 1024 * 1024;
/** Data connections per connector for `auto`. */
const dataConnectionsAuto = 2;
const dataConnectionsMax = 16;

/** Types in the order in which they are applied; others follow in the order of the file. */
const order = ['sslProfile', 'proxyProfile', 'address', 'log', 'site', 'listener', 'connector'];
/** Elements that have no effect here and are kept so that files of skupper-router work. */
const attributesIgnored: ReadonlySet<string> = new Set(['router']);

/**
 * @param variables values for `${NAME}` in texts
 * @throws RouterError ROUTER_CONFIG_UNREADABLE, ROUTER_CONFIG_INVALID
 */
export function parseConfig(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): readonly ConfigElement[] {
  if (text.length > configLengthMax) throw unreadable('it is too large');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw unreadable(messageOf(thrown));
  }
  if (!Array.isArray(parsed)) throw unreadable('it is not a list');
  return parsed.map((element, index) => parseElement(element, index, variables));
}

/** What the `router` element says. @throws RouterError ROUTER_CONFIG_INVALID */
export function configRouterOptions(
  elements: readonly ConfigElement[],
): Omit<RouterOptions, 'instance'> {
  const attributes = elements.find(({ type }) => type === 'router')?.attributes ?? {};
  const mode = optionalText(attributes, 'mode') ?? 'standalone';
  if (mode === 'edge') throw new RouterError('ROUTER_CONFIG_INVALID', 'mode edge is not supported');
  const id = required(attributes, 'id');
  if (!/^[^/\s]{1,256}$/u.test(id)) {
    throw new RouterError('ROUTER_CONFIG_INVALID', `router id cannot be used: ${id}`);
  }
  const seconds = (name: string): number | undefined => {
    const value = optionalNumber(attributes, name);
    return value === undefined ? undefined : value * 1000;
  };
  return {
    id,
    version: '3.5.0',
    mode,
    metadata: optionalText(attributes, 'metadata'),
    attributes,
    dataConnections: dataConnectionsOf(optionalText(attributes, 'dataConnectionCount')),
    routing: defined({
      helloIntervalMs: seconds('helloIntervalSeconds'),
      helloMaxAgeMs: seconds('helloMaxAgeSeconds'),
      raIntervalMs: seconds('raIntervalSeconds'),
      raIntervalFluxMs: seconds('raIntervalFluxSeconds'),
      remoteLsMaxAgeMs: seconds('remoteLsMaxAgeSeconds'),
      unreachableHoldoffMs: seconds('unreachableHoldoffSeconds'),
    }),
  };
}

/** Makes all entities of the file. @throws RouterError ROUTER_CONFIG_INVALID */
export async function applyConfig(
  router: Pick<Router, 'kinds' | 'changed'>,
  elements: readonly ConfigElement[],
): Promise<void> {
  const rank = ({ type }: ConfigElement): number => {
    const at = order.indexOf(type);
    return at < 0 ? order.length : at;
  };
  const sorted = [...elements].sort((one, other) => rank(one) - rank(other));
  for (const { type, attributes } of sorted) {
    if (attributesIgnored.has(type)) continue;
    const kind = router.kinds.get(type);
    if (kind?.create === undefined) {
      throw new RouterError('ROUTER_CONFIG_INVALID', `unknown element ${type}`);
    }
    try {
      await kind.create(optionalText(attributes, 'name'), attributes);
    } catch (thrown) {
      throw new RouterError(
        'ROUTER_CONFIG_INVALID',
        `${type} ${optionalText(attributes, 'name') ?? ''}: ${messageOf(thrown)}`,
        { cause: thrown },
      );
    }
  }
  router.changed();
}

function parseElement(
  element: unknown,
  index: number,
  variables: Readonly<Record<string, string | undefined>>,
): ConfigElement {
  if (!Array.isArray(element) || element.length !== 2) {
    throw unreadable(`element ${index} is not a pair of type and attributes`);
  }
  const [type, attributes] = element as readonly unknown[];
  if (typeof type !== 'string' || typeof attributes !== 'object' || attributes === null) {
    throw unreadable(`element ${index} is not a pair of type and attributes`);
  }
  const expanded: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(attributes)) {
    expanded[name] = typeof value === 'string' ? expand(value, variables) : value;
  }
  const short = type.replace(/^io\.skupper\.router\./u, '');
  return { type: short === 'router.config.address' ? 'address' : short, attributes: expanded };
}

function expand(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\{(\w+)\}|\$(\w+)/gu, (whole, braced: string, bare: string) => {
    return variables[braced ?? bare] ?? whole;
  });
}

function dataConnectionsOf(text: string | undefined): number {
  if (text === undefined || text === 'auto') return dataConnectionsAuto;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) {
    throw new RouterError('ROUTER_CONFIG_INVALID', `dataConnectionCount cannot be ${text}`);
  }
  return Math.min(count, dataConnectionsMax);
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) kept[key] = value;
  return kept as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function unreadable(why: string): RouterError {
  return new RouterError('ROUTER_CONFIG_UNREADABLE', `configuration cannot be used: ${why}`);
}
