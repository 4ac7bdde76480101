/** What a request asks for, and whether roles allow it: RBAC without a server. */
export type { PathRequest, RequestInfo, ResourceRequest } from './request-info.ts';
export { requestInfo } from './request-info.ts';
export { queryFlag } from './query.ts';
export type { Attributes, PathAttributes, PolicyRule, ResourceAttributes } from './rule.ts';
export { fullRules, qualifiedBySubresource, ruleAllows } from './rule.ts';
export { AccessIndex, type Decision, type HeldRules } from './access-index.ts';
export { aggregatedRules, type RolePart } from './aggregation.ts';
export { ruleText, uncoveredRules } from './coverage.ts';
export {
  attributesOf,
  lackingText,
  type OpenedRight,
  openedRights,
  openedRightsMax,
  type Opening,
  tooMuchText,
} from './gateway-opening.ts';
export { type StatusWrite, statusRefusal } from './gateway-status.ts';
export {
  type BindingEntry,
  rbacGroup,
  type RoleEntry,
  type RoleRef,
  type Subject,
} from './role.ts';
export type { ServiceAccountName, User } from './user.ts';
export {
  anonymous,
  anonymousName,
  authenticatedGroup,
  mastersGroup,
  serviceAccountGroups,
  serviceAccountOf,
  serviceAccountsGroup,
  serviceAccountUser,
  unauthenticatedGroup,
  whoText,
} from './user.ts';
