/** Media types with parameters, and choosing an answer's form by the Accept header. */

export interface MediaType {
  /** Lower case, without parameters. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The form of an answer about objects. */
export type Form = 'json' | 'yaml' | 'table' | 'partial';

export interface Negotiated {
  readonly form: Form;
  /** Version of meta.k8s.io for tables and partial metadata. */
  readonly metaVersion: string;
}

/** Ranges read of one Accept header; nobody needs more. */
const rangesMax = 32;

/** Parses one media type such as `application/json; as=Table`. */
export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';');
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const value = parameter.slice(equals + 1).trim();
    parameters[parameter.slice(0, equals).trim().toLowerCase()] = value.replace(/^"(.*)"$/, '$1');
  }
  return { type: type.trim().toLowerCase(), parameters };
}

/** The ranges of an Accept header, the most wanted first. */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  const ranges = (header ?? '').split(',', rangesMax).filter((range) => range.trim() !== '');
  if (ranges.length === 0) return [{ type: '*/*', parameters: {} }];
  const weighed = ranges.map((range, order) => {
    const media = parseMediaType(range);
    const weight = Number(media.parameters['q'] ?? 1);
    return { media, order, weight: Number.isFinite(weight) ? weight : 0 };
  });
  weighed.sort((a, b) => b.weight - a.weight || a.order - b.order);
  return weighed.filter(({ weight }) => weight > 0).map(({ media }) => media);
}

/** The first wanted form that the server has; undefined when it has none. */
export function negotiate(header: string | undefined): Negotiated | undefined {
  for (const { type, parameters } of parseAccept(header)) {
    const plain = plainForm(type);
    if (plain === undefined) continue;
    const { as, v = 'v1', g } = parameters;
    if (as === undefined) return { form: plain, metaVersion: 'v1' };
    if (plain !== 'json' || g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) continue;
    if (as === 'Table') return { form: 'table', metaVersion: v };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
      return { form: 'partial', metaVersion: v };
    }
  }
  return undefined;
}

/** What the answers of object endpoints may be, for the text of a refusal. */
export const offeredMediaTypes: readonly string[] = ['application/json', 'application/yaml'];

function plainForm(type: string): 'json' | 'yaml' | undefined {
  switch (type) {
    case '*/*':
    case 'application/*':
    case 'application/json':
      return 'json';
    case 'application/yaml':
      return 'yaml';
    default:
      return undefined;
  }
}
