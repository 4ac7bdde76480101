/**
 * The documents a redemption is answered with: a TLS Secret, then one Link per router group, as a
 * YAML stream in block style with sorted keys. Written directly: it has one shape, and a YAML
 * library takes longer for it than signing the certificate.
 */
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
  const links = groups.map((endpoints, index) => {
    const own = groups.length === 1 ? name : `${name}-${index + 1}`;
    return linkDocument(own, name, endpoints);
  });
  return secretDocument(material) + links.join('');
}

function secretDocument({ name, caPem, certificatePem, keyPem }: LinkMaterial): string {
  const key = keyPem === undefined ? '' : `  tls.key: ${base64(keyPem)}\n`;
  return `---
apiVersion: v1
data:
  ca.crt: ${base64(caPem)}
  tls.crt: ${base64(certificatePem)}
${key}kind: Secret
metadata:
  creationTimestamp: null
  name: ${scalar(name)}
type: kubernetes.io/tls
`;
}

function linkDocument(
  name: string,
  credentials: string,
  endpoints: readonly Required<Endpoint>[],
): string {
  const items = endpoints.map(
    ({ group, host, name: role, port }) => `  - group: ${scalar(group)}
    host: ${scalar(host)}
    name: ${scalar(role)}
    port: ${scalar(port)}
`,
  );
  return `---
apiVersion: skupper.io/v2alpha1
kind: Link
metadata:
  creationTimestamp: null
  name: ${scalar(name)}
spec:
  endpoints:${items.length === 0 ? ' []' : ''}
${items.join('')}  tlsCredentials: ${scalar(credentials)}
status: {}
`;
}

/** Words that some YAML reader takes for something else than a text. */
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** Plain where every YAML version agrees that it is a text, else quoted as JSON, which is YAML too. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z][A-Za-z0-9._-]*$/.test(text) && !reserved.test(text);
  return isPlain ? text : JSON.stringify(text);
}

function base64(text: string): string {
  const encoded = Buffer.from(text, 'utf8').toString('base64');
  return encoded === '' ? '""' : encoded;
}
