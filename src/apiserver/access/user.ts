/** Who asks. */

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Whoever brings no credential. */
export const anonymous: User = {
  name: 'system:anonymous',
  groups: ['system:unauthenticated'],
};

/** Members may do everything. */
export const mastersGroup = 'system:masters';

/** Everybody who brought a good credential. */
export const authenticatedGroup = 'system:authenticated';
