/**
 * What the configuration file says, put into effect: the settings of the router, then all entities
 * in an order in which each finds what it refers to, through the kinds that management uses too.
 */
import { messageOf } from '#base/errors.ts';
import { type ConfigEntity, parseRouterConfig } from '#management/index.ts';
import type { Treatment } from '#routing/index.ts';
import { optionalNumber, optionalText, required } from './agent/entity.ts';
import { RouterError } from './errors.ts';
import type { Router, RouterOptions } from './router.ts';
import { parseDistribution } from './treatment-rules.ts';

/** Largest configuration file, characters. */
const configLengthMax = 16 * 1024 * 1024;
/** Data connections per connector for `auto`. */
const dataConnectionsAuto = 2;
const dataConnectionsMax = 16;

const modes: ReadonlySet<string> = new Set(['standalone', 'interior', 'edge']);

/** Types that others refer to, in the order in which they are made; the rest follows. */
const first = ['sslProfile', 'proxyProfile', 'router.config.address', 'log', 'site', 'listener'];

/**
 * @param variables values for `${NAME}` in texts
 * @throws ManagementError MANAGEMENT_CONFIG_INVALID
 * @throws RouterError ROUTER_CONFIG_INVALID
 */
export function parseConfig(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): readonly ConfigEntity[] {
  if (text.length > configLengthMax) throw invalid('the file is too large');
  return parseRouterConfig(text, variables);
}

/** What the `router` entity says. @throws RouterError ROUTER_CONFIG_INVALID */
export function configRouterOptions(
  entities: readonly ConfigEntity[],
): Omit<RouterOptions, 'instance' | 'version'> {
  const attributes = entities.find(({ spec }) => spec.short === 'router')?.attributes ?? {};
  const mode = optionalText(attributes, 'mode') ?? 'standalone';
  if (!modes.has(mode)) throw invalid(`mode cannot be ${mode}`);
  const id = required(attributes, 'id');
  if (!/^[^/\s]{1,256}$/u.test(id)) throw invalid(`the router id cannot be used: ${id}`);
  const seconds = (name: string): number | undefined => {
    const value = optionalNumber(attributes, name);
    return value === undefined ? undefined : value * 1000;
  };
  return {
    id,
    mode,
    metadata: optionalText(attributes, 'metadata'),
    attributes,
    defaultTreatment: distributionNamed(optionalText(attributes, 'defaultDistribution')),
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
  entities: readonly ConfigEntity[],
): Promise<void> {
  const rank = ({ spec }: ConfigEntity): number => {
    const at = first.indexOf(spec.short);
    return at < 0 ? first.length : at;
  };
  const sorted = [...entities].sort((one, other) => rank(one) - rank(other));
  for (const { spec, name, attributes } of sorted) {
    if (spec.short === 'router') continue;
    const kind = router.kinds.get(spec.short);
    if (kind?.create === undefined) throw invalid(`${spec.short} is not supported by this router`);
    try {
      await kind.create(name, attributes);
    } catch (thrown) {
      throw invalid(`${spec.short} ${name ?? ''}: ${messageOf(thrown)}`, thrown);
    }
  }
  router.changed();
}

function dataConnectionsOf(text: string | undefined): number {
  if (text === undefined || text === 'auto') return dataConnectionsAuto;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) {
    throw invalid(`dataConnectionCount cannot be ${text}`);
  }
  return Math.min(count, dataConnectionsMax);
}

function distributionNamed(word = 'balanced'): Treatment {
  const treatment = parseDistribution(word);
  if (treatment === undefined) throw invalid(`defaultDistribution cannot be ${word}`);
  return treatment;
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) kept[key] = value;
  return kept as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function invalid(why: string, cause?: unknown): RouterError {
  return new RouterError('ROUTER_CONFIG_INVALID', `router configuration: ${why}`, { cause });
}
