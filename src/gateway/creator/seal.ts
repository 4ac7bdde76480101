/**
 * Seals: proof in the status of a grant that a gateway has seen who created it and that he may do
 * what it opens. Only who has the key can make one, and it fits one object with one content.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { equalJson, isRecord, type SchemaNode } from '#kube/index.ts';

const form = 'v1';

/** The seal of a grant for its creator. */
export function sealOf(key: Buffer, grant: GatewayToken, creator: string): string {
  const { uid = '', namespace = '', name } = grant.metadata;
  // Whom a login lets somebody be is part of what the grant opens.
  const login = canonical(grant.status?.login ?? null);
  const said = [form, uid, namespace, name, creator, login, openingText(grant.spec)];
  const content = JSON.stringify(said);
  return `${form}.${createHmac('sha256', key).update(`seal\n${content}`).digest('base64url')}`;
}

/** Whether the grant has a seal that is right for what it says of its creator. */
export function hasSeal(key: Buffer, grant: GatewayToken): boolean {
  const { seal, issuedBy } = grant.status ?? {};
  if (seal === undefined || issuedBy === undefined || grant.metadata.uid === undefined)
    return false;
  const [given, right] = [Buffer.from(seal), Buffer.from(sealOf(key, grant, issuedBy))];
  return given.length === right.length && timingSafeEqual(given, right);
}

/** A path that only who can read the webhook's configuration knows. */
export function secretPath(key: Buffer): string {
  return `/admission/${createHmac('sha256', key).update('path').digest('hex').slice(0, 32)}`;
}

/**
 * What a spec says, in one form. Without what can change later, and without defaults: a newer kind
 * may have more of them.
 */
export function openingText(spec: GatewayToken['spec']): string {
  const { revoked: _, ...rest } = spec;
  return canonical(withoutDefaults(specSchema, rest));
}

const specSchema: SchemaNode | undefined = gatewayToken.schema.properties?.['spec'];

function withoutDefaults(node: SchemaNode | undefined, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutDefaults(node?.items, each));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    const below = node?.properties?.[name];
    const usual = below?.default !== undefined && equalJson(below.default, each);
    return usual ? [] : [[name, withoutDefaults(below, each)]];
  });
  return Object.fromEntries(kept);
}

/** JSON with the members of objects in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
