/** The configuration file of a router: a JSON list of entities. @spec router-protocol 11 */
import { messageOf } from '#base/errors.ts';
import type { Attributes } from './attribute.ts';
import { completeAttributes, type EntitySpec } from './entity-spec.ts';
import { findEntityType } from './entity-table.ts';
import { ManagementError } from './errors.ts';

/** One entity of the file, checked and with its defaults. */
export interface ConfigEntity {
  readonly spec: EntitySpec;
  readonly name: string | undefined;
  readonly attributes: Attributes;
}

/** Most entities of a file. */
const entitiesMax = 100_000;

/**
 * Reads a configuration. `${NAME}` in texts is replaced by the variable, which may be unset.
 * @throws ManagementError MANAGEMENT_CONFIG_INVALID naming the entity
 */
export function parseRouterConfig(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): ConfigEntity[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw invalid(`is no JSON: ${messageOf(thrown)}`);
  }
  if (!Array.isArray(json)) throw invalid('is no list');
  if (json.length > entitiesMax) throw invalid(`has more than ${entitiesMax} entities`);
  return json.map((entry: unknown, index) => parseEntity(entry, index, variables));
}

function parseEntity(
  entry: unknown,
  index: number,
  variables: Readonly<Record<string, string | undefined>>,
): ConfigEntity {
  const where = `entity ${index + 1}`;
  if (!Array.isArray(entry) || entry.length !== 2) {
    throw invalid(`${where} is no pair of type and attributes`);
  }
  const [type, given] = entry as [unknown, unknown];
  const spec = typeof type === 'string' ? findEntityType(type) : undefined;
  if (spec === undefined || !spec.configurable) {
    throw invalid(`${where} has the unknown type ${JSON.stringify(type)}`);
  }
  if (!isAttributes(given)) throw invalid(`${where} (${spec.short}) has no attributes`);
  const expanded: Attributes = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? expand(value, variables) : value,
    ]),
  );
  try {
    const attributes = completeAttributes(spec, expanded);
    const { name } = attributes;
    return { spec, name: typeof name === 'string' ? name : undefined, attributes };
  } catch (thrown) {
    if (!(thrown instanceof ManagementError)) throw thrown;
    throw invalid(`${where} (${spec.short}): ${thrown.message}`, thrown);
  }
}

function isAttributes(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expand(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$\{(\w+)\}/gu, (_, name: string) => variables[name] ?? '');
}

function invalid(what: string, cause?: unknown): ManagementError {
  return new ManagementError('MANAGEMENT_CONFIG_INVALID', `router configuration: ${what}`, {
    cause,
  });
}
