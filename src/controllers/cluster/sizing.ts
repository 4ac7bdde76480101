/**
 * How much a router may use: a ConfigMap in the controller's namespace, labelled with the name of a
 * size, that a Site chooses with `settings.size`; one of them may be the default.
 */
import { annotationOf, labelOf } from '#kube/index.ts';
import type { ConfigMap, Site } from '../kinds.ts';

const sizeLabel = 'skupper.io/site-sizing';
const defaultAnnotation = 'skupper.io/default-site-sizing';
const quantity = /^\d+(?:\.\d+)?(?:m|[kMGTPE]|[KMGTPE]i)?$/;

/** As a container has it; undefined when nothing is said. */
export type RouterResources =
  | { readonly requests?: Record<string, string>; readonly limits?: Record<string, string> }
  | undefined;

export interface Sizing {
  readonly resources: RouterResources;
  /** What could not be used, for the log. */
  readonly problems: readonly string[];
}

const fields = [
  ['router-cpu-request', 'requests', 'cpu'],
  ['router-cpu-limit', 'limits', 'cpu'],
  ['router-memory-request', 'requests', 'memory'],
  ['router-memory-limit', 'limits', 'memory'],
] as const;

/** Sizes of an adaptor container, which our routers do not have, are passed over. */
const passedOver = /^adaptor-(?:cpu|memory)-(?:request|limit)$/;

/** True for a ConfigMap that describes a size. */
export function isSizing(candidate: ConfigMap): boolean {
  return labelOf(candidate, sizeLabel) !== undefined;
}

export function sizingOf(site: Site, configMaps: readonly ConfigMap[]): Sizing {
  const asked = site.spec?.settings?.['size'] ?? '';
  const sizes = configMaps.filter(isSizing);
  const chosen =
    asked === ''
      ? sizes.find((each) => annotationOf(each, defaultAnnotation) !== undefined)
      : sizes.find((each) => labelOf(each, sizeLabel) === asked);
  if (chosen === undefined) {
    return { resources: undefined, problems: asked === '' ? [] : [`no size is named ${asked}`] };
  }
  const found: { requests: Record<string, string>; limits: Record<string, string> } = {
    requests: {},
    limits: {},
  };
  const problems: string[] = [];
  for (const [key, value] of Object.entries(chosen.data ?? {})) {
    const field = fields.find(([name]) => name === key);
    if (field === undefined) {
      if (!passedOver.test(key)) problems.push(`${key} is not a setting of a size`);
    } else if (quantity.test(value)) found[field[1]][field[2]] = value;
    else problems.push(`${key} is not a quantity: ${value}`);
  }
  return { resources: partsOf(found), problems };
}

function partsOf(found: {
  requests: Record<string, string>;
  limits: Record<string, string>;
}): RouterResources {
  const { requests, limits } = found;
  const has = (part: object): boolean => Object.keys(part).length > 0;
  if (!has(requests) && !has(limits)) return undefined;
  return { ...(has(requests) ? { requests } : {}), ...(has(limits) ? { limits } : {}) };
}
