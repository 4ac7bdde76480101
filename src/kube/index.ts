/** The door of the object model: kinds, metadata, schemas, selectors, patches, Status. */
export type {
  DynamicObject,
  GroupVersionKind,
  GroupVersionResource,
  JsonObject,
  JsonValue,
  KubeList,
  KubeObject,
  ListMeta,
  ManagedFieldsEntry,
  ObjectKey,
  ObjectMeta,
  OwnerReference,
} from './object.ts';
export { apiVersionOf, isRecord, keyOf, keyText, parseApiVersion } from './object.ts';
export type {
  Cell,
  Column,
  ObjectOf,
  ResourceDefinition,
  ScalePaths,
  SelectableField,
} from './definition.ts';
export {
  collectionPath,
  gvkOf,
  gvrOf,
  objectPath,
  qualifiedKind,
  qualifiedResource,
} from './definition.ts';
export { Registry } from './registry.ts';
export type { Infer, Schema, SchemaNode, SchemaType, ValidationRule } from './schema/node.ts';
export {
  anything,
  array,
  boolean,
  dateTime,
  integer,
  intOrString,
  map,
  number,
  object,
  oneOfTexts,
  string,
  withDefault,
} from './schema/build.ts';
export type { FieldError, FieldReason } from './field-error.ts';
export {
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  typeInvalid,
} from './field-error.ts';
export type { KubeErrorCode } from './errors.ts';
export { KubeError } from './errors.ts';
export { DefinitionError, DurationError, SecretDataError } from './errors.ts';
export type {
  KindName,
  ResourceName,
  Status,
  StatusCause,
  StatusDetails,
  StatusReason,
} from './status.ts';
export {
  alreadyExists,
  badRequest,
  conflict,
  deleteSuccess,
  expired,
  fieldErrorsText,
  forbiddenResource,
  insufficientStorage,
  internalError,
  invalidObject,
  methodNotAllowed,
  notAcceptable,
  notFoundObject,
  notFoundPath,
  preconditionFailed,
  resourceVersionRequired,
  resourceVersionTooLarge,
  serviceUnavailable,
  StatusError,
  tooLarge,
  tooManyRequests,
  tooOldResourceVersion,
  unauthorized,
  unsupportedMediaType,
} from './status.ts';
export { Admission } from './admission.ts';
export type { NameCheck } from './metadata.ts';
export {
  annotationBytesMax,
  checkChangedMetadata,
  checkNewMetadata,
} from './metadata.ts';
export {
  checkConfigKey,
  checkLabelName,
  checkLabelValue,
  checkPortName,
  checkPortNumber,
  checkQualifiedName,
  checkLabel1035,
  checkSubdomainName,
  generateName,
} from './name.ts';
export { checkJson, cloneJson, equalJson, valueAt } from './json.ts';
export { checkSchema } from './schema/check.ts';
export { checkListTypes } from './schema/list-type.ts';
export { applyDefaults, dropNulls, pruneUnknown } from './schema/prune.ts';
export type { RuleCheck } from './schema/rules.ts';
export { compileRules, ruleFindingsMax } from './schema/rules.ts';
export type { LabelRequirement, LabelSelectorSpec } from './selector/label.ts';
export {
  LabelSelector,
  labelSelectorOf,
  parseLabelSelector,
  selectorLengthMax,
} from './selector/label.ts';
export { parseInt64 } from './selector/integer.ts';
export { type FieldTerm, parseFieldSelector, parseFieldTerms } from './selector/field.ts';
export { applyMergePatch } from './patch/merge.ts';
export {
  applyJsonPatch,
  jsonPatchPaths,
  patchOperationsMax,
} from './patch/json.ts';
export { applyStrategicPatch } from './patch/strategic.ts';
export type {
  Aggregate,
  Condition,
  ConditionState,
  Evaluation,
  StatusEnvelope,
} from './condition.ts';
export {
  aggregate,
  conditionsSchema,
  findCondition,
  isConditionTrue,
  removeCondition,
  setCondition,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from './condition.ts';
export {
  annotationOf,
  controllerOf,
  encodeSecretData,
  isOwnedBy,
  isTerminating,
  labelOf,
  ownerReferenceTo,
  sameObject,
  secretBytes,
  secretText,
  withAnnotations,
} from './access.ts';
export {
  ageSince,
  formatDuration,
  formatMicroTime,
  formatTime,
  humanAge,
  normalizeTime,
  parseDuration,
  parseTime,
} from './time.ts';
export type {
  IncludeObject,
  Table,
  TableColumnDefinition,
  TableRow,
} from './table/table.ts';
export { partialObject, TableRenderer } from './table/table.ts';
export type { JsonPath } from './table/jsonpath.ts';
export { compileJsonPath } from './table/jsonpath.ts';
export { builtinDefinitions } from './builtin/all.ts';
export type { ConfigMap } from './builtin/config-map.ts';
export { configMap } from './builtin/config-map.ts';
export type { Deployment } from './builtin/apps/deployment-schema.ts';
export { deployment } from './builtin/apps/deployment.ts';
export type { CrdCondition, CrdNames, CustomResourceDefinition } from './crd/crd-schema.ts';
export { asCrd, customResourceDefinition } from './crd/crd.ts';
export { crdOf } from './crd/crd-of.ts';
export { compareVersions, servedKinds } from './crd/served-kinds.ts';
export type { Endpoints, EndpointSlice } from './builtin/endpoints/endpoints-schema.ts';
export { endpoints, endpointSlice } from './builtin/endpoints/endpoints.ts';
export type { Pod } from './builtin/pod/pod-schema.ts';
export { pod } from './builtin/pod/pod.ts';
export type { Event } from './builtin/event.ts';
export { event } from './builtin/event.ts';
export type { Lease } from './builtin/lease.ts';
export { lease } from './builtin/lease.ts';
export type { Namespace } from './builtin/namespace.ts';
export { namespace } from './builtin/namespace.ts';
export type { RoleBinding, Subject } from './builtin/rbac/binding.ts';
export { clusterRoleBinding, roleBinding } from './builtin/rbac/binding.ts';
export type { ClusterRole, Role } from './builtin/rbac/role.ts';
export { clusterRole, role } from './builtin/rbac/role.ts';
export type { Secret } from './builtin/secret.ts';
export { secret } from './builtin/secret.ts';
export type { ServiceAccount } from './builtin/service-account.ts';
export { serviceAccount } from './builtin/service-account.ts';
export { service } from './builtin/service.ts';
export type { Service, ServicePort } from './builtin/service-schema.ts';
export type { CustomObject, CustomObjectWithSpec } from './custom.ts';
export { customDefinition, customSchema, customSchemaWithSpec } from './custom.ts';
export { normalizeTimes } from './schema/prune.ts';
export { microTime } from './schema/build.ts';
export { FieldOwnership, type FieldWriter, withOwners } from './fields/field-ownership.ts';
export { decodeProtobuf, isProtobuf } from './protobuf/decode.ts';
export { yamlText } from './yaml.ts';
