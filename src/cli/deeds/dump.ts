/**
 * What a dump holds: objects, events and logs of one namespace as they are, for somebody who cannot
 * look for himself. Secrets stay secret: of keys and codes only the length is told, of certificates
 * what they say in public.
 */
import { messageOf } from '#base/errors.ts';
import { isRecord, type KubeObject, type ResourceDefinition } from '#kube/index.ts';
import { parseCertificate } from '#pki/index.ts';
import { dumpedKinds } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { renderDocument } from '../output/document.ts';
import type { ArchiveFile } from '../output/tar.ts';

/** Most objects of one kind; a dump is read by people. */
const objectsMax = 500;
/** Fields that let somebody in. */
const secretFields = new Set(['code', 'password', 'token', 'stringData']);
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** The files of a dump; what cannot be had is told in a file of its own. */
export async function dumpFiles(session: Session, version: string): Promise<ArchiveFile[]> {
  const { client, namespace } = session;
  const about = { version, node: process.versions.node, platform: process.platform, namespace };
  const files: ArchiveFile[] = [{ path: 'about.yaml', text: renderDocument(about, 'yaml') }];
  const missing: string[] = [];
  for (const kind of dumpedKinds) {
    try {
      const { items } = await client.list(kind, { namespace });
      for (const [index, each] of items.slice(0, objectsMax).entries()) {
        files.push({ path: pathOf(kind, each, index), text: textOf(each) });
      }
      if (items.length > objectsMax) missing.push(`${kind.plural}: only the first ${objectsMax}`);
    } catch (thrown) {
      missing.push(`${kind.plural}: ${messageOf(thrown)}`);
    }
  }
  files.push({ path: 'missing.txt', text: missing.map((line) => `${line}\n`).join('') });
  return files;
}

/** Names can be longer than an archive takes; the number keeps cut ones apart. */
function pathOf(kind: ResourceDefinition, { metadata }: KubeObject, index: number): string {
  const whole = `${kind.plural}/${metadata.name}.yaml`;
  return whole.length <= 100 ? whole : `${kind.plural}/${index}-${metadata.name.slice(0, 40)}.yaml`;
}

function textOf(object: KubeObject): string {
  return renderDocument(withoutSecrets(object), 'yaml');
}

/** The object with everything masked that gives access. */
export function withoutSecrets(object: KubeObject): unknown {
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  const shown = Object.entries(annotations ?? {}).filter(([name]) => name !== lastApplied);
  const whole = {
    ...object,
    metadata: {
      ...metadata,
      ...(shown.length === 0 ? {} : { annotations: Object.fromEntries(shown) }),
    },
  };
  if (object.kind !== 'Secret') return masked(whole);
  const { data } = whole as { data?: unknown };
  const entries = isRecord(data) ? Object.entries(data) : [];
  return {
    ...(masked(whole) as object),
    data: Object.fromEntries(entries.map(([key, value]) => [key, keyFacts(String(value))])),
  };
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      secretFields.has(name) && !isRecord(each) ? maskOf(String(each)) : masked(each),
    ]),
  );
}

function maskOf(text: string): string {
  return `(masked, ${text.length} characters)`;
}

/** What may be told of one key of a Secret. */
function keyFacts(base64: string): unknown {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  if (!text.includes('-----BEGIN CERTIFICATE-----')) return maskOf(text);
  try {
    const { commonName, issuerCommonName, dnsNames, ipAddresses, ...facts } =
      parseCertificate(text);
    return {
      commonName,
      issuerCommonName,
      names: [...dnsNames, ...ipAddresses],
      serialNumber: facts.serialNumber,
      notBefore: new Date(facts.notBeforeMs).toISOString(),
      notAfter: new Date(facts.notAfterMs).toISOString(),
      isAuthority: facts.isAuthority,
    };
  } catch {
    return `(not a certificate, ${text.length} characters)`;
  }
}
