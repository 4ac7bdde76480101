/** What a request asks for, and whether roles allow it: RBAC without a server. */
export type { PathRequest, RequestInfo, ResourceRequest } from './request-info.ts';
export { requestInfo } from './request-info.ts';
export { queryFlag } from './query.ts';
export type { Attributes, PathAttributes, PolicyRule, ResourceAttributes } from './rule.ts';
export { qualifiedBySubresource, ruleAllows } from './rule.ts';
export type { ServiceAccountName, User } from './user.ts';
export {
  anonymous,
  authenticatedGroup,
  mastersGroup,
  serviceAccountGroups,
  serviceAccountOf,
  serviceAccountUser,
} from './user.ts';
