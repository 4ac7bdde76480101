/** Bound ServiceAccount tokens: keys, signing, checking, key sets. */
export type { BoundKind, BoundObject, TokenClaims } from './claims.ts';
export { TokenError, type TokenErrorCode } from './errors.ts';
export { signToken } from './sign.ts';
export {
  issuerDocument,
  keySetDocument,
  type SigningAlgorithm,
  type SigningKey,
  signingKeyOf,
} from './signing-key.ts';
export {
  checkTokenTime,
  commonAudiences,
  looksLikeToken,
  tokenCharsMax,
  type TokenExpectation,
  verifyToken,
} from './verify.ts';
