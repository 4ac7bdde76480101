/** Objects as YAML text. */

/** The YAML without what field managers own: nobody reads it, and it is long. */
export function withoutManagedFields(yaml: string): string {
  const lines = yaml.split('\n');
  const start = lines.indexOf('  managedFields:');
  if (start < 0) return yaml;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !/^(?: {2}-| {3,})/.test(line));
  return [...lines.slice(0, start), ...(end < 0 ? [] : rest.slice(end))].join('\n');
}
