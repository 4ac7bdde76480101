/** Writes values as JSON or YAML documents. */
import { yamlText } from '#kube/index.ts';

/** One document with a final newline. Field order is kept. */
export function renderDocument(value: unknown, format: 'json' | 'yaml'): string {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`;
  return yamlText(value);
}
