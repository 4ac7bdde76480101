/** What a request asks for, as the API server reads it, and what it would read only in part. */
import { requestInfo as readRequest, type ResourceRequest } from '#rbac/index.ts';
import { GatewayError } from '../errors.ts';
import type { Target } from './target.ts';
import { valuesOf } from './target.ts';

export interface RequestInfo
  extends Pick<
    ResourceRequest,
    'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'labelSelector'
  > {
  readonly isResource: boolean;
  /** Query keys that decide and of which a server reads the first only. */
  readonly doubled: readonly string[];
}

/** Query keys that decide about the verb, the name or the set. */
const deciding = ['watch', 'fieldSelector', 'labelSelector'];

/** @param target below the mount point of the API @throws GatewayError GATEWAY_TARGET */
export function requestInfo(method: string, target: Target): RequestInfo {
  const read = readRequest(method, target.raw);
  if (read === undefined) {
    throw new GatewayError('GATEWAY_TARGET', 'the request target is not one of the API');
  }
  const doubled = deciding.filter((key) => valuesOf(target.query, key).length > 1);
  if (read.type === 'path') return { ...nothing, verb: read.verb, doubled };
  const { verb, group, resource, subresource, namespace, name, labelSelector } = read;
  const asked = { verb, group, resource, subresource, namespace, name, labelSelector };
  return { ...asked, isResource: true, doubled };
}

const nothing = {
  isResource: false,
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  labelSelector: '',
};
