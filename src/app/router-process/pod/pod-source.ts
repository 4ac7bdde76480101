/** Where a router in a pod gets its configuration. */
export interface PodSource {
  /** Namespace and name of the ConfigMap. */
  readonly namespace: string;
  readonly name: string;
  /** Directory below which the paths of the configuration are; `/` in a pod. */
  readonly root: string;
}
