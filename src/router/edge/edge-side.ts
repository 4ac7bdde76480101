/** Which edge router something is behind. What comes from there must not go back there. */
import type { ConnectionId } from '#routing/index.ts';

export interface EdgeSide {
  readonly connection: ConnectionId;
  /** Edge routers of one mesh reach each other without us; null until it has told. */
  readonly mesh: string | null;
}

/** Whether both are behind one edge router, or behind edge routers of one mesh. */
export function isSameSide(one: EdgeSide | undefined, other: EdgeSide | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.connection === other.connection || (one.mesh !== null && one.mesh === other.mesh);
}

/** The mesh behind which all of them are, if any. */
export function meshOfAll(sides: readonly (EdgeSide | undefined)[]): string | undefined {
  const mesh = sides[0]?.mesh ?? undefined;
  return sides.every((side) => side?.mesh === mesh) ? mesh : undefined;
}
