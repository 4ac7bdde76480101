/**
 * Labels and annotations that people want on generated objects: ConfigMaps with the marker label,
 * in the namespace of the site or of the controller, whose own labels and annotations are copied
 * onto the objects that they name. Pure.
 */
import {
  isTerminating,
  type KubeObject,
  labelOf,
  parseLabelSelector,
  StatusError,
} from '#kube/index.ts';
import type { ConfigMap } from '../kinds.ts';

const marker = 'skupper.io/label-template';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** True for a ConfigMap that is a template. */
export function isTemplate(candidate: ConfigMap): boolean {
  return labelOf(candidate, marker) !== undefined && !isTerminating(candidate);
}

/** The object with what the templates say; the same one when they say nothing about it. */
export function decorate<T extends KubeObject>(object: T, templates: readonly ConfigMap[]): T {
  const fitting = templates.filter((template) => isTemplate(template) && fits(template, object));
  if (fitting.length === 0) return object;
  const { metadata } = object;
  const labels = { ...metadata.labels };
  const annotations = { ...metadata.annotations };
  for (const template of fitting) {
    const excluded = new Set([marker, lastApplied, ...listOf(template.data?.['exclude'])]);
    // What makes the object work is not for a template to change.
    copy(template.metadata.labels, labels, excluded);
    copy(template.metadata.annotations, annotations, excluded);
  }
  return { ...object, metadata: { ...metadata, labels, annotations } };
}

function copy(
  from: Readonly<Record<string, string>> | undefined,
  to: Record<string, string>,
  excluded: ReadonlySet<string>,
): void {
  for (const [name, value] of Object.entries(from ?? {})) {
    const isOurs = name.startsWith('internal.skupper.io/') || name.startsWith('skupper.io/');
    if (!excluded.has(name) && !isOurs) to[name] = value;
  }
}

function fits({ data = {} }: ConfigMap, object: KubeObject): boolean {
  const { name = '', kind = '', labelSelector = '' } = data;
  if (name !== '' && name !== object.metadata.name) return false;
  if (kind !== '' && kind.toLowerCase() !== object.kind.toLowerCase()) return false;
  if (labelSelector === '') return true;
  try {
    return parseLabelSelector(labelSelector).matches(object.metadata.labels ?? {});
  } catch (thrown) {
    // A selector that cannot be read selects nothing.
    if (thrown instanceof StatusError) return false;
    throw thrown;
  }
}

function listOf(text = ''): readonly string[] {
  return text.split(',').map((part) => part.trim());
}
