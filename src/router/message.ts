/**
 * Whole messages and routes: what a message carries for routers is kept beside its other sections,
 * which are forwarded as they came.
 */
import { encodeMessage, type MessageHead } from '#amqp/index.ts';
import { routingArea } from '#routing/index.ts';
import { MessageFlag, type MessageRoute, type Outcome } from './stream.ts';

/** Priority of a message without a header. */
export const priorityDefault = 4;
export const priorities = 10;

/** A complete message with its route taken off. */
export interface WholeMessage {
  readonly route: MessageRoute;
  /** All sections after the router annotations. */
  readonly bytes: Uint8Array;
  readonly priority: number;
  /** Control messages travel on the control links only. */
  readonly control: boolean;
}

/** Told once what became of a message. */
export type OnOutcome = (outcome: Outcome) => void;

/** Takes whole messages. Each call is answered by one `onOutcome`, unless the message is settled. */
export interface MessageConsumer {
  /** @param onOutcome undefined when the message came settled */
  onMessage(message: WholeMessage, onOutcome: OnOutcome | undefined): void;
}

/** The route of a stream that a local producer opens. */
export function streamRoute(to: string): MessageRoute {
  return {
    flags: MessageFlag.streaming | MessageFlag.unpaced,
    to,
    toOverride: null,
    ingress: null,
    trace: [],
    mesh: null,
  };
}

/** Whether a route is as {@link streamRoute} makes it, wherever it leads. */
export function isPlainStream(route: MessageRoute): boolean {
  return (
    route.flags === (MessageFlag.streaming | MessageFlag.unpaced) &&
    route.trace.length === 0 &&
    route.toOverride === null &&
    route.ingress === null &&
    route.mesh === null
  );
}

/** The route of a whole message that a local producer or a client sends. */
export function messageRoute(to: string, toOverride: string | null = null): MessageRoute {
  return { flags: 0, to, toOverride, ingress: null, trace: [], mesh: null };
}

/**
 * The route of a message that came over a router link; undefined without an address.
 * @param linkAddress of the link, which stays with the message when it names none itself
 */
export function routeOf(head: MessageHead, linkAddress?: string): MessageRoute | undefined {
  const annotations = head.routerAnnotations;
  const own = annotations?.toOverride ?? head.properties?.to;
  const to = own ?? linkAddress;
  if (to === undefined) return undefined;
  return {
    flags: annotations?.flags ?? 0,
    to,
    toOverride: annotations?.toOverride ?? (own === undefined ? to : null),
    ingress: annotations?.ingress ?? null,
    trace: annotations?.trace ?? [],
    mesh: annotations?.ingressMesh ?? null,
  };
}

/** How this router names itself in traces: with its area. */
export function tracedId(router: string): string {
  return `${routingArea}/${router}`;
}

/** Router ids of a trace, without the area. */
export function tracedRouters(trace: readonly string[]): readonly string[] {
  return trace.map((entry) => entry.slice(entry.indexOf('/') + 1));
}

/**
 * The annotations section for the next hop: this router is added to the trace.
 * @spec router-protocol 4.1
 */
export function encodeAnnotations(route: MessageRoute, self: string): Uint8Array {
  const own = tracedId(self);
  return encodeMessage({
    routerAnnotations: {
      flags: route.flags,
      toOverride: route.toOverride ?? undefined,
      ingress: route.ingress ?? own,
      trace: [...route.trace, own],
      ingressMesh: route.mesh ?? undefined,
    },
  });
}

/**
 * The annotations section that an edge router sends: the interior router that it is attached to
 * fills in where the message entered the network.
 * @spec router-protocol 8
 */
export function encodeEdgeAnnotations(route: MessageRoute, mesh: string): Uint8Array {
  return encodeMessage({
    routerAnnotations: {
      flags: route.flags,
      toOverride: route.toOverride ?? undefined,
      ingress: undefined,
      trace: [],
      ingressMesh: mesh,
    },
  });
}
