/** Writes API objects as documents: one object, or a List when several may be there. */
import type { KubeObject } from '#kube/index.ts';
import { renderDocument } from './document.ts';

/** One object. Server bookkeeping that nobody reads (managedFields) is left out. */
export function renderObject(object: KubeObject, format: 'json' | 'yaml'): string {
  return renderDocument(cleaned(object), format);
}

/** Always a List, also of one or none, so that scripts need one way to read it. */
export function renderList(objects: readonly KubeObject[], format: 'json' | 'yaml'): string {
  return renderDocument({ apiVersion: 'v1', kind: 'List', items: objects.map(cleaned) }, format);
}

/** Several manifests to apply: YAML documents with `---` between, or a JSON List. */
export function renderManifests(objects: readonly KubeObject[], format: 'json' | 'yaml'): string {
  const [first, ...others] = objects;
  if (first !== undefined && others.length === 0) return renderDocument(first, format);
  if (format === 'json') return renderList(objects, format);
  return objects.map((object) => renderDocument(object, 'yaml')).join('---\n');
}

function cleaned(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The manifest with the namespace that was asked for, if any. */
export function inNamespace<T extends KubeObject>(object: T, namespace: string | undefined): T {
  if (namespace === undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}
