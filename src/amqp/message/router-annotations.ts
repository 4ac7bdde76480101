/** Router annotations: the envelope of messages between routers. */
import { AmqpConditions, AmqpError } from '../errors.ts';
import { type AmqpValue, type Encodable, uint } from '../wire/typed.ts';

/**
 * The section that routers put in front of a message: how it may travel and where it has been.
 * @spec skupper-router annotations "SKPR--RA"
 */
export interface RouterAnnotations {
  /** Bits of {@link AnnotationFlags}; unknown bits are forwarded unchanged. */
  readonly flags: number;
  /** Replaces properties.to for routing. */
  readonly toOverride: string | undefined;
  /** First interior router, `<area>/<id>`; undefined from an edge router. */
  readonly ingress: string | undefined;
  /** Interior routers passed, `<area>/<id>`, each sender last. */
  readonly trace: readonly string[];
  readonly ingressMesh: string | undefined;
}

export const AnnotationFlags = {
  streaming: 0x01,
  resendReleased: 0x02,
  noQ2: 0x04,
} as const;

/** The descriptor of the section, ASCII `SKPR--RA`. */
export const routerAnnotationsDescriptor = 0x534b_5052_2d2d_5241n;

const malformed = (what: string): AmqpError =>
  new AmqpError('AMQP_MESSAGE', AmqpConditions.invalidField, `router annotations: ${what}`);

const textOrNull = (value: AmqpValue | undefined, what: string): string | undefined => {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'string') throw malformed(`${what} is not a text`);
  return value;
};

/** @throws AmqpError AMQP_MESSAGE */
export function routerAnnotationsOf(value: AmqpValue): RouterAnnotations {
  if (!Array.isArray(value) || value.length < 4) throw malformed('not a list of at least four');
  const [flags, toOverride, ingress, trace, ingressMesh] = value as readonly AmqpValue[];
  if (typeof flags !== 'number' || !Number.isInteger(flags) || flags < 0 || flags > 0xffff_ffff) {
    throw malformed('flags are not a number');
  }
  if (!Array.isArray(trace)) throw malformed('trace is not a list');
  return {
    flags,
    toOverride: textOrNull(toOverride, 'to-override'),
    ingress: textOrNull(ingress, 'ingress router'),
    trace: trace.map((router: AmqpValue) => {
      if (typeof router !== 'string') throw malformed('trace holds something else than texts');
      return router;
    }),
    ingressMesh: textOrNull(ingressMesh, 'ingress mesh'),
  };
}

/**
 * The value of the section. Real routers refuse a fifth entry that is null, so the mesh is there
 * only when known.
 */
export function routerAnnotationsToValue(annotations: RouterAnnotations): Encodable {
  const { flags, toOverride, ingress, trace, ingressMesh } = annotations;
  const fields: Encodable[] = [uint(flags), toOverride ?? null, ingress ?? null, trace];
  if (ingressMesh !== undefined) fields.push(ingressMesh);
  return fields;
}
