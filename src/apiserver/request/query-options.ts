/** Query parameters of requests about objects, checked and typed. */
import {
  badRequest,
  type FieldError,
  fieldErrorsText,
  forbidden,
  invalid,
  invalidObject,
  notSupported,
  required,
  tooLong,
} from '#kube/index.ts';
import { queryFlag } from '#rbac/index.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Options of POST, PUT and PATCH. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Apply only: take fields that others own. */
  readonly force?: boolean;
}

/** Options of GET on collections, list and watch alike. */
export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** 0 or absent: no limit. */
  readonly limit: number;
  readonly continueToken: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly watch: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** What the rows of a table carry. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
}

type OptionsKind =
  | 'CreateOptions'
  | 'UpdateOptions'
  | 'PatchOptions'
  | 'DeleteOptions'
  | 'ListOptions';

const fieldManagerBytesMax = 128;

/**
 * @param userAgent gives the manager when the query does not
 * @throws StatusError KUBE_INVALID
 */
export function parseWriteOptions(
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'ApplyOptions',
  query: URLSearchParams,
  userAgent: string | undefined,
): WriteOptions {
  const applies = kind === 'ApplyOptions';
  const faults = checkDryRun(query.getAll('dryRun'));
  const manager = query.get('fieldManager') ?? '';
  if (Buffer.byteLength(manager) > fieldManagerBytesMax) {
    faults.push(tooLong('fieldManager', fieldManagerBytesMax));
  } else if (/[^\P{C}]/u.test(manager)) {
    faults.push(invalid('fieldManager', manager, 'should only contain printable characters'));
  }
  if (query.has('force') && !applies) {
    faults.push(forbidden('force', 'may not be specified for non-apply patch'));
  }
  if (applies && manager === '') {
    faults.push(required('fieldManager', 'is required for apply patch'));
  }
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    faults.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  refuse(applies ? 'PatchOptions' : kind, faults);
  return {
    dryRun: query.has('dryRun'),
    force: applies && (queryFlag(query, 'force') ?? false),
    fieldManager: manager || (userAgent ?? 'unknown').split('/', 1)[0] || 'unknown',
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
  };
}

/** Faults of the values of `dryRun`: only All is known. */
export function checkDryRun(values: readonly string[]): FieldError[] {
  const unknown = values.filter((value) => value !== 'All');
  return unknown.length === 0 ? [] : [notSupported('dryRun', values, ['All'])];
}

/** @throws StatusError KUBE_INVALID when there are faults */
export function refuse(kind: OptionsKind, faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalidObject({ kind, group: 'meta.k8s.io' }, '', faults);
}

/** @throws StatusError KUBE_BAD_REQUEST, KUBE_INVALID */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const include = query.get('includeObject') ?? '';
  if (!['', 'None', 'Metadata', 'Object'].includes(include)) {
    throw badRequest(
      fieldErrorsText([notSupported('includeObject', include, ['Metadata', 'None', 'Object'])]),
    );
  }
  const options: ListOptions = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: parseInteger(query, 'limit') ?? 0,
    continueToken: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    watch: queryFlag(query, 'watch') ?? false,
    timeoutSeconds: parseInteger(query, 'timeoutSeconds'),
    allowWatchBookmarks: queryFlag(query, 'allowWatchBookmarks') ?? false,
    sendInitialEvents: queryFlag(query, 'sendInitialEvents'),
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
  refuse('ListOptions', options.watch ? checkWatch(options) : checkList(options));
  return options;
}

function checkList(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, resourceVersion } = options;
  const faults: FieldError[] = [];
  if (match !== '') {
    const field = 'resourceVersionMatch';
    if (resourceVersion === '') {
      const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
      faults.push(forbidden(field, why));
    }
    if (options.continueToken !== '') {
      faults.push(forbidden(field, 'resourceVersionMatch is forbidden with continue'));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      faults.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      faults.push(forbidden(field, why));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return faults;
}

function checkWatch(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const faults: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (sendInitialEvents === undefined && match !== '') {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    faults.push(forbidden(field, why));
  }
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    faults.push(forbidden(field, why));
  }
  return faults;
}

/** @throws StatusError KUBE_BAD_REQUEST */
export function parseInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d{1,15}$/u.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}
