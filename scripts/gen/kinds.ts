/** Makes the reference page of our kinds from their definitions. */
import { apiDefinitions, readyConditions } from '#apis/index.ts';
import { apiVersionOf, type ResourceDefinition, type SchemaNode } from '#kube/index.ts';

const path = 'docs/reference/kinds.md';

const intro = `<!-- Generated from src/apis by scripts/gen/kinds.ts. Do not edit. -->

# Kinds

Every kind that Drawbridge adds to the Kubernetes API, with its fields, defaults and the columns of
\`kubectl get\`. The CustomResourceDefinitions in \`deploy/crds\` come from the same definitions.
`;

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

function typeText(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map(String).join(', ');
  if (node.type === 'array') return `list of ${typeText(node.items ?? {})}`;
  if (node.type === 'object' && typeof node.additionalProperties === 'object') {
    return `map of ${typeText(node.additionalProperties)}`;
  }
  if (node.format === 'date-time') return 'time';
  return node.format === 'duration' ? 'duration' : (node.type ?? 'any');
}

function limitsText(node: SchemaNode): string {
  const parts: string[] = [];
  if (node.minimum !== undefined) parts.push(`at least ${node.minimum}`);
  if (node.maximum !== undefined) parts.push(`at most ${node.maximum}`);
  if (node.minItems !== undefined) parts.push(`at least ${node.minItems} items`);
  if (node.maxItems !== undefined) parts.push(`at most ${node.maxItems} items`);
  if (node.minProperties !== undefined) parts.push(`at least ${node.minProperties} entries`);
  if (node.maxProperties !== undefined) parts.push(`at most ${node.maxProperties} entries`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function fieldRows(node: SchemaNode, prefix: string): string[][] {
  const required = new Set(node.required);
  return Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const place = `${prefix}.${name}`;
    const row = [
      `\`${place}\``,
      typeText(field) + limitsText(field),
      required.has(name) ? 'yes' : '',
      field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``,
      field.description ?? '',
    ];
    // Conditions are the same everywhere and told once.
    if (name === 'conditions') return [row];
    if (field.items?.properties !== undefined)
      return [row, ...fieldRows(field.items, `${place}[]`)];
    return [row, ...fieldRows(field, place)];
  });
}

function rulesText(node: SchemaNode, prefix: string): string[] {
  const own = (node['x-kubernetes-validations'] ?? []).map(
    (rule) => `- \`${prefix}\`: ${rule.message ?? rule.rule}`,
  );
  const choice = (node.oneOf ?? []).flatMap((each) => each.required ?? []);
  if (choice.length > 0) own.push(`- \`${prefix}\`: exactly one of ${choice.join(', ')}`);
  const below = Object.entries(node.properties ?? {}).flatMap(([name, field]) =>
    rulesText(field, `${prefix}.${name}`),
  );
  return [...own, ...below];
}

function readyText(kind: string): string {
  const all: Readonly<Record<string, readonly string[]>> = readyConditions;
  const types = all[kind] ?? [];
  return types.length === 0 ? 'condition `Ready`' : types.map((type) => `\`${type}\``).join(', ');
}

function kindText(definition: ResourceDefinition): string {
  const { properties = {} } = definition.schema;
  const spec = properties['spec'] ?? {};
  const fields = [...fieldRows(spec, 'spec'), ...fieldRows(properties['status'] ?? {}, 'status')];
  const shortNames = definition.shortNames.map((name) => `\`${name}\``).join(', ');
  const rules = rulesText(spec, 'spec');
  const columns = definition.columns.map((column) => [
    column.name + ((column.priority ?? 0) > 0 ? ' (wide)' : ''),
    column.jsonPath === undefined ? '`.metadata.name`' : `\`${column.jsonPath}\``,
    column.description ?? '',
  ]);
  return [
    `\n## ${definition.kind}\n\n${definition.description}\n\n`,
    `- API: \`${apiVersionOf(definition)}\`, \`${definition.plural}\`\n`,
    shortNames === '' ? '' : `- Short names: ${shortNames}\n`,
    `- Ready needs: ${readyText(definition.kind)}\n\n`,
    table(['Field', 'Type', 'Required', 'Default', 'Meaning'], fields),
    rules.length === 0 ? '' : `\nRules:\n\n${rules.join('\n')}\n`,
    '\n',
    table(['Column', 'From', 'Meaning'], columns),
  ].join('');
}

/** File text by path from the root of the repository. */
export function generateKindsDoc(): Map<string, string> {
  return new Map([[path, intro + apiDefinitions.map(kindText).join('')]]);
}
