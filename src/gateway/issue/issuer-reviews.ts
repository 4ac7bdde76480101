/** What somebody must be allowed to do himself to open it for others, as reviews to ask for. Pure. */
import type { GatewayToken } from '#apis/index.ts';
import { GatewayError } from '../errors.ts';

/** The attributes of one SelfSubjectAccessReview. */
export interface ReviewAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reviews for one grant; who opens more makes several grants. */
export const reviewsMax = 128;

/** Streams that RBAC knows as reading. */
const readStreams = new Set(['log', 'vnc', 'console', 'usbredir']);

/** @throws GatewayError GATEWAY_REQUEST when it would be too many */
export function reviewsFor(spec: GatewayToken['spec']): readonly ReviewAttributes[] {
  const found = new Map<string, ReviewAttributes>();
  const need = (attributes: ReviewAttributes): void => {
    found.set(JSON.stringify(attributes), attributes);
    if (found.size <= reviewsMax) return;
    throw new GatewayError('GATEWAY_REQUEST', 'the grant opens too much at once: make several');
  };
  for (const rule of spec.rules ?? []) {
    if (rule.effect === 'deny') continue;
    for (const namespace of anyOf(rule.namespaces, '')) {
      for (const group of anyOf(rule.apiGroups, '*')) {
        for (const name of anyOf(rule.resourceNames, '')) {
          for (const place of placesOf(rule.resources, rule.subresources)) {
            const where = { group, ...place, namespace: plain(namespace), name: plain(name) };
            for (const verb of rule.verbs) need({ verb, ...where });
            if (place.subresource !== '') continue;
            for (const subresource of spec.connect ?? []) {
              const verb = readStreams.has(subresource) ? 'get' : 'create';
              need({ verb, ...where, subresource });
            }
          }
        }
      }
    }
  }
  // A pattern may match anything: only who may do everything can say what it opens.
  if ((spec.urls ?? []).length > 0) {
    const any = { group: '*', resource: '*', subresource: '', namespace: '', name: '' };
    need({ verb: '*', ...any });
  }
  return [...found.values()];
}

function placesOf(
  resources: readonly string[] | undefined,
  subresources: readonly string[] | undefined,
): { readonly resource: string; readonly subresource: string }[] {
  return anyOf(resources, '*').flatMap((entry) => {
    const [resource = '', own] = entry.split('/', 2);
    if (own !== undefined) return [{ resource, subresource: own }];
    const below = (subresources ?? []).map((subresource) => ({ resource, subresource }));
    return [{ resource, subresource: '' }, ...below];
  });
}

/** An empty list means any. */
function anyOf(list: readonly string[] | undefined, any: string): readonly string[] {
  return list === undefined || list.length === 0 ? [any] : list;
}

/** For reviews, no name and no namespace mean all. */
function plain(text: string): string {
  return text === '*' ? '' : text;
}
