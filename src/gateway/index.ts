/** The access gateway: grants that open parts of a Kubernetes API for a while, counted, revocable. */
export { GatewayError, type GatewayErrorCode } from './errors.ts';
export {
  type GatewayDeps,
  type GatewayOptions,
  type RunningGateway,
  startGateway,
} from './gateway.ts';
export { addressIn, announce, announcementKey, type GatewayAddress } from './announcement.ts';
export { defaultGrantLimits } from './grant/grant-facts.ts';
export type { LoginOptions } from './login/login-options.ts';
export { type LoginRule, parseLoginRules } from './login/login-rules.ts';
export { neverOpened } from './rules/hard-deny.ts';
export { parseUrlPattern } from './rules/url-pattern.ts';
export { hashOf, newCode, revealHandle } from './grant/handle.ts';
export { linkPath } from './console/console-pages.ts';
export {
  type IdentityMode,
  type Impersonates,
  isNameForHeader,
  linksGroup,
  linksUser,
} from './proxy/identity.ts';
export {
  type CompatGatewayOptions,
  type RunningCompatGateway,
  startCompatGateway,
} from './compat/compat-gateway.ts';
export type { OAuthOptions } from './compat/oauth-login.ts';
export { auditedRecordings } from './recording/audited-recordings.ts';
export { parseEvent as parseAsciicastEvent } from './recording/asciicast.ts';
export {
  listRecordings,
  openRecording,
  type RecordingFacts,
  removeRecording,
} from './recording/recording-reader.ts';
export {
  defaultRecordingLimits,
  recordingKeyName,
  type RecordingOptions,
} from './recording/recordings.ts';
export { type AuditVerdict, verifyAuditLog } from './audit/verify.ts';
export { AdmissionService, type AdmissionServiceOptions } from './creator/admission-service.ts';
export { type Approvers, serverApprovers } from './verdict/approvers.ts';
export { Creators } from './creator/creators.ts';
export { sealKey, sealSecretName } from './creator/seal-key.ts';
export { webhookConfigurationName, webhookName } from './creator/webhook-configuration.ts';
