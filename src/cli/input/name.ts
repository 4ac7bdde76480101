/** Names, host names and other words that end up in objects. */
import { isIP } from 'node:net';

const namePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])*(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])*)*$';
// Equal in effect to the pattern shown to people, without its exponential backtracking.
const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const nameLengthMax = 253;
/** Largest whole number that is taken. */
const integerMax = 999_999_999;
const hostLabelPattern = /^[a-z0-9]+$/;

/** What is wrong with the name of an object; `thing` says whose, such as `site name`. */
export function nameProblems(thing: string, name: string): string[] {
  if (name.length > nameLengthMax) {
    return [`${thing} is not valid: it has ${name.length} characters, more than ${nameLengthMax}`];
  }
  if (name.split('.').every((label) => labelPattern.test(label))) return [];
  return [`${thing} is not valid: value does not match this regular expression: ${namePattern}`];
}

/** What is wrong with a host: an IP address, or words of lower case letters and digits joined by . or - */
export function hostProblems(host: string): string[] {
  if (isIP(host) !== 0) return [];
  const valid =
    host.length <= nameLengthMax && host.split(/[.-]/).every((part) => hostLabelPattern.test(part));
  return valid ? [] : [`host is not valid: "${host}" is neither a host name nor an IP address`];
}

/** What is wrong with a routing key: empty, too long, or with white space or control characters. */
export function routingKeyProblems(routingKey: string): string[] {
  const valid = routingKey.length <= nameLengthMax && /^[^\s\p{Cc}]+$/u.test(routingKey);
  return valid ? [] : [`routing key is not valid: "${routingKey}"`];
}

/** What is wrong with one of several allowed words. */
export function choiceProblems(thing: string, value: string, choices: readonly string[]): string[] {
  if (choices.includes(value)) return [];
  const list = choices.join(' ');
  return [
    `${thing} is not valid: value ${value} not allowed. It should be one of this options: [${list}]`,
  ];
}

/** What is wrong with a whole number that must be at least `min`. */
export function integerProblems(thing: string, text: string, min: number): string[] {
  const value = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min) return [];
  if (/^\d{10,}$/.test(text)) {
    return [`${thing} is not valid: value must be ${integerMax} or less; got ${text.slice(0, 40)}`];
  }
  const rule = min === 0 ? 'value must not be negative' : `value must be ${min} or more`;
  return [`${thing} is not valid: ${rule}; got ${text}`];
}
