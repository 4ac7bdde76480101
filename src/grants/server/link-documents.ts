/**
 * The documents a redemption is answered with: a TLS Secret, then one Link per router group, as a
 * YAML stream with sorted keys.
 */
import { stringify } from 'yaml';
import type { Endpoint } from '../site-access.ts';

/** What goes into the answer. */
export interface LinkMaterial {
  /** Name of Secret and Link. */
  readonly name: string;
  readonly caPem: string;
  readonly certificatePem: string;
  /** Absent when the joiner made its own key. */
  readonly keyPem?: string;
  readonly groups: readonly (readonly Required<Endpoint>[])[];
}

/** The whole body of a successful answer. */
export function linkDocuments(material: LinkMaterial): string {
  const { name, groups } = material;
  const secret = {
    apiVersion: 'v1',
    data: {
      'ca.crt': base64(material.caPem),
      'tls.crt': base64(material.certificatePem),
      ...(material.keyPem === undefined ? {} : { 'tls.key': base64(material.keyPem) }),
    },
    kind: 'Secret',
    metadata: { creationTimestamp: null, name },
    type: 'kubernetes.io/tls',
  };
  const links = groups.map((endpoints, index) => ({
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Link',
    metadata: {
      creationTimestamp: null,
      name: groups.length === 1 ? name : `${name}-${index + 1}`,
    },
    spec: {
      endpoints: endpoints.map(({ group, host, name: role, port }) => ({
        group,
        host,
        name: role,
        port,
      })),
      tlsCredentials: name,
    },
    status: {},
  }));
  return [secret, ...links].map((document) => `---\n${toYaml(document)}`).join('');
}

function toYaml(document: unknown): string {
  return stringify(document, { lineWidth: 0, indentSeq: false });
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
