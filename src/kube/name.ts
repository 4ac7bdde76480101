/**
 * Names as Kubernetes checks them. Every function gives the list of complaints, empty when the name is
 * good, in the words of Kubernetes.
 * @spec Kubernetes apimachinery util/validation
 */
import { randomText } from '#base/random.ts';
import type { Random } from '#base/random.ts';

const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const label1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValuePattern = `(${qualifiedPattern})?`;
const configKeyPattern = '[-._a-zA-Z0-9]+';

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');

const labelForm = whole(labelPattern);
const subdomainForm = whole(subdomainPattern);
const label1035Form = whole(label1035Pattern);
const qualifiedForm = whole(qualifiedPattern);
const labelValueForm = whole(labelValuePattern);
const configKeyForm = whole(configKeyPattern);
const portNameForm = whole('[-a-z0-9]+');

const tooLongText = (max: number): string => `must be no more than ${max} bytes`;

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

function regexText(what: string, pattern: string, ...examples: string[]): string {
  // The double space before "or" is Kubernetes' own.
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${what} (e.g. ${list}regex used for validation is '${pattern}')`;
}

/** RFC 1123 label: names of namespaces. */
export function checkLabelName(name: string): string[] {
  const found: string[] = [];
  if (byteLength(name) > 63) found.push(tooLongText(63));
  if (!labelForm.test(name)) {
    const what = subdomainForm.test(name)
      ? 'must not contain dots'
      : regexText(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          labelPattern,
          'my-name',
          '123-abc',
        );
    found.push(what);
  }
  return found;
}

/** RFC 1123 subdomain: names of most objects. */
export function checkSubdomainName(name: string): string[] {
  const found: string[] = [];
  if (byteLength(name) > 253) found.push(tooLongText(253));
  if (!subdomainForm.test(name)) {
    found.push(
      regexText(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomainPattern,
        'example.com',
      ),
    );
  }
  return found;
}

/** RFC 1035 label: names of Services, of versions and kinds. */
export function checkLabel1035(name: string): string[] {
  const found: string[] = [];
  if (byteLength(name) > 63) found.push(tooLongText(63));
  if (!label1035Form.test(name)) {
    found.push(
      regexText(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035Pattern,
        'my-name',
        'abc-123',
      ),
    );
  }
  return found;
}

/** Names that need only fit into a path: roles and bindings. */
export function checkPathSegment(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%']
    .filter((part) => name.includes(part))
    .map((part) => `may not contain '${part}'`);
}

/** Keys of labels and annotations, names of finalizers: `name` or `prefix/name`. */
export function checkQualifiedName(name: string): string[] {
  const parts = name.split('/');
  const what = regexText(
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    qualifiedPattern,
    'MyName',
    'my.name',
    '123-abc',
  );
  const found: string[] = [];
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedPattern}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const local = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') found.push('prefix part must be non-empty');
    else found.push(...checkSubdomainName(prefix).map((text) => `prefix part ${text}`));
  }
  if (local === '') found.push('name part must be non-empty');
  else if (byteLength(local) > 63) found.push(`name part ${tooLongText(63)}`);
  if (!qualifiedForm.test(local)) found.push(what);
  return found;
}

/** Values of labels. */
export function checkLabelValue(value: string): string[] {
  const found: string[] = [];
  if (byteLength(value) > 63) found.push(tooLongText(63));
  if (!labelValueForm.test(value)) {
    found.push(
      regexText(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValuePattern,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return found;
}

/** Keys of ConfigMaps and Secrets. */
export function checkConfigKey(key: string): string[] {
  const found: string[] = [];
  if (byteLength(key) > 253) found.push(tooLongText(253));
  if (!configKeyForm.test(key)) {
    found.push(
      regexText(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configKeyPattern,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  if (key === '.') found.push("must not be '.'");
  if (key === '..') found.push("must not be '..'");
  else if (key.startsWith('..')) found.push("must not start with '..'");
  return found;
}

/** Names that a Service port may use as its target: IANA service names. */
export function checkPortName(name: string): string[] {
  const found: string[] = [];
  if (name.length > 15) found.push(tooLongText(15));
  if (!portNameForm.test(name)) {
    found.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/u.test(name)) found.push('must contain at least one letter (a-z)');
  if (name.includes('--')) found.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) {
    found.push('must not begin or end with a hyphen');
  }
  return found;
}

/** Port numbers. */
export function checkPortNumber(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** No vowels, and nothing that looks like another letter. @spec k8s util/rand */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const nameLengthMax = 63;

/** A name made of a `generateName` prefix and five random characters, 63 at most. */
export function generateName(prefix: string, random: Random): string {
  const base = prefix.slice(0, nameLengthMax - suffixLength);
  return base + randomText(random, suffixLength, suffixAlphabet);
}
