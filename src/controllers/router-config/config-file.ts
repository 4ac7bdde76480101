/** The text of a router configuration: a JSON list of `[type, {attributes}]`. */
import type { AttributeValue, EntityType, RouterEntity } from './entities.ts';

/** Types whose entities have a name of their own in the file. */
const namedTypes: ReadonlySet<string> = new Set([
  'sslProfile',
  'proxyProfile',
  'connector',
  'listener',
  'tcpListener',
  'tcpConnector',
  'listenerAddress',
]);

const knownTypes: ReadonlySet<string> = new Set([...namedTypes, 'router', 'address', 'log']);

/** Indented by four spaces, as skrouterd.json always was. */
export function formatConfig(entities: readonly RouterEntity[]): string {
  const rows = entities.map(({ type, name, attributes }) => [
    type,
    namedTypes.has(type) ? { name, ...attributes } : attributes,
  ]);
  return JSON.stringify(rows, undefined, 4);
}

/**
 * Reads what `formatConfig` or a compatible controller wrote. Entities of unknown types and broken
 * rows are left out: the text is only used to keep what was chosen before (ports, ordinals).
 */
export function parseConfig(text: string): RouterEntity[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(rows)) return [];
  const entities: RouterEntity[] = [];
  for (const row of rows as unknown[]) {
    if (!Array.isArray(row)) continue;
    const [type, fields] = row as unknown[];
    if (typeof type !== 'string' || !knownTypes.has(type)) continue;
    if (typeof fields !== 'object' || fields === null) continue;
    const attributes: Record<string, AttributeValue> = {};
    for (const [key, value] of Object.entries(fields)) {
      if (key !== 'name' && isAttributeValue(value)) attributes[key] = value;
    }
    const name = (fields as { name?: unknown }).name;
    entities.push({
      type: type as EntityType,
      name: typeof name === 'string' ? name : '',
      attributes,
    });
  }
  return entities;
}

function isAttributeValue(value: unknown): value is AttributeValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
