/** Which objects of a collection a list or watch is about. */
import {
  type KubeObject,
  parseFieldSelector,
  parseLabelSelector,
  type ResourceDefinition,
} from '#kube/index.ts';
import type { ListOptions } from '../request/query-options.ts';

export class Selection {
  readonly namespace: string;
  /** True when every object of the namespace is selected. */
  readonly isEmpty: boolean;
  /** The only name that can match, when the field selector fixes it. */
  readonly name: string | undefined;
  readonly #matches: (object: KubeObject) => boolean;

  /** @throws StatusError KUBE_BAD_REQUEST */
  constructor(
    definition: ResourceDefinition,
    namespace: string,
    options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>,
  ) {
    const labels = parseLabelSelector(options.labelSelector);
    const fields = parseFieldSelector(options.fieldSelector, definition);
    this.namespace = namespace;
    this.isEmpty = labels.isEmpty && fields.isEmpty;
    this.name = fields.exact('metadata.name');
    this.#matches = (object) => labels.matches(object.metadata.labels) && fields.matches(object);
  }

  /** Whether the object is selected. */
  matches(object: KubeObject): boolean {
    const { namespace } = object.metadata;
    if (this.namespace !== '' && namespace !== this.namespace) return false;
    return this.isEmpty || this.#matches(object);
  }
}
