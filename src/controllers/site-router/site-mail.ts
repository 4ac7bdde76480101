/** Texts between the controllers of two sites, as messages of the network that links them. */
import type { Message, MessageInit } from '#amqp/index.ts';

/** Longest text that is taken, characters. */
const textCharsMax = 64 * 1024;

/** Where the controller of a site receives. */
export function siteAddress(siteId: string): string {
  return `drawbridge.dev/site/${siteId}`;
}

/** A message that nobody waits for: who wants an answer asks again. */
export function messageTo(siteId: string, text: string): MessageInit {
  return {
    header: { ttlMs: 60_000 },
    properties: { to: siteAddress(siteId), contentType: 'application/json' },
    body: { kind: 'value', value: text },
  };
}

/** The text of a message; undefined when it is none, or too long. */
export function textOfMessage({ body }: Message): string | undefined {
  if (body?.kind !== 'value' || typeof body.value !== 'string') return undefined;
  return body.value.length <= textCharsMax ? body.value : undefined;
}
