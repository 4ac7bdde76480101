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
  duplicate,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from './field-error.ts';
export type { KubeErrorCode } from './errors.ts';
export { DefinitionError, DurationError, errorDocs, KubeError, SecretDataError } from './errors.ts';
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
  httpStatusOf,
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
  timeout,
  tooLarge,
  tooManyRequests,
  tooOldResourceVersion,
  unauthorized,
  unprocessable,
  unsupportedMediaType,
} from './status.ts';
