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
