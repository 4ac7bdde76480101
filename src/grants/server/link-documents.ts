/**
 * The documents a redemption is answered with: a TLS Secret, then one Link per router group, as a
 * YAML stream in block style with sorted keys; for sites of Skupper v1 one Secret that says itself
 * where to connect. Written directly: they have one shape each, and a YAML library takes longer for
 * it than signing the certificate.
 */
import { connectionAnnotations, tokenLabel } from '#apis/index.ts';
import type { Endpoint } from '../site-access.ts';

/** How an answer is written: as Skupper v2 reads it, or as v1 does. */
export type AnswerForm = 'links' | 'connection-token';

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

/** What goes into an answer of either form. */
export interface AnswerMaterial extends LinkMaterial {
  /** Common name of the certificate. */
  readonly subject: string;
  /** Identity of the site that answers. */
  readonly siteId: string;
}

/** The whole body of a successful answer. */
export function answerDocuments(form: AnswerForm, material: AnswerMaterial): string {
  return form === 'links' ? linkDocuments(material) : connectionTokenDocument(material);
}

/**
 * One Secret as the command line of v1 writes it into a token file.
 * @spec Skupper v1 claim redemption
 */
function connectionTokenDocument(material: AnswerMaterial): string {
  const annotations = connectionAnnotations(material.groups.flat(), material.siteId) ?? {};
  const lines = Object.entries(annotations)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `    ${key}: ${scalar(value)}\n`);
  return `apiVersion: v1
${dataOf(material)}kind: Secret
metadata:
  annotations:
${lines.join('')}  creationTimestamp: null
  labels:
    ${tokenLabel.name}: ${tokenLabel.connectionToken}
  name: ${scalar(material.subject)}
type: kubernetes.io/tls
`;
}

/** An answer as Skupper v2 reads it. */
export function linkDocuments(material: LinkMaterial): string {
  const { name, groups } = material;
  const links = groups.map((endpoints, index) => {
    const own = groups.length === 1 ? name : `${name}-${index + 1}`;
    return linkDocument(own, name, endpoints);
  });
  return secretDocument(material) + links.join('');
}

function secretDocument(material: LinkMaterial): string {
  return `---
apiVersion: v1
${dataOf(material)}kind: Secret
metadata:
  creationTimestamp: null
  name: ${scalar(material.name)}
type: kubernetes.io/tls
`;
}

function dataOf({ caPem, certificatePem, keyPem }: LinkMaterial): string {
  const key = keyPem === undefined ? '' : `  tls.key: ${base64(keyPem)}\n`;
  return `data:
  ca.crt: ${base64(caPem)}
  tls.crt: ${base64(certificatePem)}
${key}`;
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
