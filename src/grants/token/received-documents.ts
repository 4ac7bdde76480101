/**
 * Reads the answer of a grant server as what it is: a stranger's text. Only the expected documents
 * with the expected names pass, and only the fields we know are taken from them.
 */
import { readConnectionToken, tokenLabel } from '#apis/index.ts';
import { isRecord } from '#kube/index.ts';
import { joinBundle, keyMatchesCertificate, PkiError } from '#pki/index.ts';
import { LineCounter, parseAllDocuments } from 'yaml';
import { GrantsError } from '../errors.ts';
import type { Endpoint } from '../site-access.ts';

/** Longest answer that is read, in bytes. */
export const answerBytesMax = 256 * 1024;
/** Most Links, one per router group, and most endpoints in each. */
const linksMax = 8;
const endpointsMax = 16;

/** One Link to make. */
export interface ReceivedLink {
  readonly name: string;
  readonly endpoints: readonly Required<Endpoint>[];
}

/** The answer, checked. */
export interface ReceivedAccess {
  /** The data of the TLS Secret, base64: exactly ca.crt, tls.crt and tls.key. */
  readonly data: Readonly<Record<'ca.crt' | 'tls.crt' | 'tls.key', string>>;
  readonly links: readonly ReceivedLink[];
}

/**
 * @param name the name that was asked for: Secret and Links must bear it
 * @param ownKeyPem the joiner's key, for answers to its certificate request: they bring no key
 * @throws GrantsError GRANTS_ANSWER_INVALID
 */
export function parseReceivedAccess(body: string, name: string, ownKeyPem: string): ReceivedAccess {
  if (body.length > answerBytesMax) throw invalid('the answer is too long');
  const [secret, ...links] = readDocuments(body);
  if (links.length === 0 && isOfEarlierSite(secret)) return parseConnectionToken(secret, name);
  if (links.length === 0 || links.length > linksMax) throw invalid('no Link or too many');
  const parsed = links.map((link) => parseLink(link, name));
  const names = new Set(parsed.map((link) => link.name));
  if (names.size !== parsed.length) throw invalid('two Links bear one name');
  return { data: parseSecret(secret, name, ownKeyPem), links: parsed };
}

function readDocuments(body: string): readonly unknown[] {
  const documents = parseAllDocuments(body, { lineCounter: new LineCounter(), uniqueKeys: true });
  if (!Array.isArray(documents)) throw invalid('no document');
  if (documents.length > linksMax + 1) throw invalid('too many documents');
  return documents.map((document) => {
    if (document.errors.length > 0) throw invalid('not YAML');
    try {
      // Aliases have no place in an answer and are a way to make a small text large.
      return document.toJS({ maxAliasCount: 0 }) as unknown;
    } catch {
      throw invalid('not plain YAML');
    }
  });
}

function parseSecret(document: unknown, name: string, ownKeyPem: string): ReceivedAccess['data'] {
  const metadata = metadataOf(document, 'v1', 'Secret');
  if (metadata['name'] !== name) throw invalid('the Secret bears another name');
  if (field(document, 'type') !== 'kubernetes.io/tls')
    throw invalid('the Secret is not of type TLS');
  return parseCredentials(field(document, 'data'), ownKeyPem);
}

/** Sites of Skupper v1 answer with one Secret that says itself where to connect. */
function isOfEarlierSite(document: unknown): boolean {
  const labels = field(field(document, 'metadata'), 'labels');
  return field(labels, tokenLabel.name) === tokenLabel.connectionToken;
}

/** @spec Skupper v1 claim redemption */
function parseConnectionToken(document: unknown, name: string): ReceivedAccess {
  const annotations = field(metadataOf(document, 'v1', 'Secret'), 'annotations');
  const texts = isRecord(annotations)
    ? Object.entries(annotations).filter((entry): entry is [string, string] => {
        return typeof entry[1] === 'string';
      })
    : [];
  const data = parseCredentials(field(document, 'data'), '');
  const read = readConnectionToken({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, annotations: Object.fromEntries(texts) },
    data,
  });
  if ('problem' in read) throw invalid(read.problem);
  return { data, links: [checkLink(name, read.value.endpoints, name)] };
}

function parseCredentials(data: unknown, ownKeyPem: string): ReceivedAccess['data'] {
  const ca = decode(data, 'ca.crt');
  const certificate = decode(data, 'tls.crt');
  const key = field(data, 'tls.key') === undefined ? ownKeyPem : decode(data, 'tls.key');
  try {
    joinBundle([ca]);
    if (!keyMatchesCertificate(key, certificate)) throw invalid('key and certificate differ');
  } catch (thrown) {
    if (thrown instanceof PkiError) throw invalid('unusable certificate or key', thrown);
    throw thrown;
  }
  return { 'ca.crt': encode(ca), 'tls.crt': encode(certificate), 'tls.key': encode(key) };
}

function parseLink(document: unknown, name: string): ReceivedLink {
  const metadata = metadataOf(document, 'skupper.io/v2alpha1', 'Link');
  const spec = field(document, 'spec');
  if (field(spec, 'tlsCredentials') !== name) throw invalid('a Link uses another Secret');
  return checkLink(metadata['name'], field(spec, 'endpoints'), name);
}

function checkLink(own: unknown, endpoints: unknown, name: string): ReceivedLink {
  const isOurs = typeof own === 'string' && (own === name || isNumbered(own, name));
  if (!isOurs) throw invalid('a Link bears another name');
  if (!Array.isArray(endpoints) || endpoints.length === 0 || endpoints.length > endpointsMax) {
    throw invalid('a Link without endpoints, or with too many');
  }
  return { name: own, endpoints: endpoints.map(parseEndpoint) };
}

/**
 * Reads Links back from our own note, which stands where others may write too.
 * @throws GrantsError GRANTS_ANSWER_INVALID
 */
export function parseNotedLinks(json: string, name: string): readonly ReceivedLink[] {
  let noted: unknown;
  try {
    noted = JSON.parse(json);
  } catch {
    throw invalid('the note is not JSON');
  }
  if (!Array.isArray(noted) || noted.length > linksMax) throw invalid('too many Links');
  return noted.map((link) => checkLink(field(link, 'name'), field(link, 'endpoints'), name));
}

function isNumbered(own: string, name: string): boolean {
  return own.startsWith(`${name}-`) && /^[1-9]\d?$/.test(own.slice(name.length + 1));
}

function parseEndpoint(value: unknown): Required<Endpoint> {
  const text = (key: string): string => {
    const found = field(value, key) ?? '';
    if (typeof found !== 'string' || found.length > 253) throw invalid('a strange endpoint');
    return found;
  };
  const endpoint = {
    name: text('name'),
    host: text('host'),
    port: text('port'),
    group: text('group'),
  };
  const port = Number(endpoint.port);
  const isUsable =
    endpoint.host !== '' && /^\d{1,5}$/.test(endpoint.port) && port > 0 && port < 65_536;
  if (!isUsable) throw invalid('an endpoint without host or port');
  return endpoint;
}

function metadataOf(document: unknown, apiVersion: string, kind: string): Record<string, unknown> {
  if (field(document, 'apiVersion') !== apiVersion || field(document, 'kind') !== kind) {
    throw invalid(`expected a ${kind}`);
  }
  const metadata = field(document, 'metadata');
  if (!isRecord(metadata)) throw invalid('no metadata');
  return metadata;
}

function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function decode(data: unknown, key: string): string {
  const text = field(data, key);
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) {
    throw invalid(`the Secret has no usable ${key}`);
  }
  return Buffer.from(text, 'base64').toString('utf8');
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function invalid(what: string, cause?: unknown): GrantsError {
  return new GrantsError('GRANTS_ANSWER_INVALID', `strange answer of the grant server: ${what}`, {
    cause,
  });
}
