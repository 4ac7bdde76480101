/** Ways into virtual machines. @spec KubeVirt subresources.kubevirt.io/v1 */
import type { Place } from './resources.ts';

/** Path of a machine's subresource, such as `vnc` or `console`. */
export function subresourcePath({ namespace = '', name = '' }: Place, subresource: string): string {
  return `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/${subresource}`;
}
