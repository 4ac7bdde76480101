/** Takes handles and bearers out of texts that end up in records and logs. */

const handles = /\bdb[gs]\.[^\s"'&/?]+/g;
const bearers = /base64url\.bearer\.authorization\.k8s\.io\.[^\s,"]+/g;
/** Anything that looks like a JSON Web Token. */
const tokens = /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g;
const textCharsMax = 1024;

/** Whether there may be anything to take out: most texts have nothing of it. */
const suspect = /db[gs]\.|base64url\.bearer|eyJ|[^\x20-\x7e]/;

/** The text without secrets, without controls, cut at 1024 characters. */
export function redacted(text: string): string {
  if (text.length <= textCharsMax && !suspect.test(text)) return text;
  return text
    .slice(0, textCharsMax)
    .replaceAll(handles, '[secret]')
    .replaceAll(bearers, '[secret]')
    .replaceAll(tokens, '[secret]')
    .replaceAll(/[^\x20-\x7e]/g, '?');
}
