/** JSON patch: a list of operations on places named by JSON pointers. @spec RFC6902, RFC6901 */
import { checkJson, cloneJson, equalJson, jsonDepthMax } from '../json.ts';
import { isRecord } from '../object.ts';
import { badRequest, StatusError, unprocessable } from '../status.ts';

/** Operations in one patch. */
export const patchOperationsMax = 10_000;

/** Bytes that `copy` and `move` may write together: a patch must not multiply what it was given. */
export const patchCopyBytesMax = 3 * 1024 * 1024;

type Container = Record<string, unknown> | unknown[];

interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: unknown;
}

/**
 * The document with the operations applied in order; the argument does not change.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST when the patch is malformed, KUBE_STATUS_TOO_LARGE when it is too long,
 *   KUBE_STATUS_INVALID when an operation does not fit the document or a test fails
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = parseJsonPatch(patch);
  const root = { document: cloneJson(document) };
  let copied = 0;
  for (const operation of operations) {
    if (operation.op === 'copy' || operation.op === 'move') {
      // Nesting something in itself again and again must end before the stack does.
      checkJson(read(root, operation.from), jsonDepthMax - operation.path.length);
    }
    if (operation.op === 'copy') {
      copied += JSON.stringify(read(root, operation.from)).length;
      if (copied > patchCopyBytesMax) {
        throw new StatusError(
          'RequestEntityTooLarge',
          `The operations of the patch copy more than ${patchCopyBytesMax} bytes`,
        );
      }
    }
    run(root, operation);
  }
  checkJson(root.document);
  return root.document;
}

/** The places that a patch touches, such as `/metadata/resourceVersion`. */
export function jsonPatchPaths(patch: unknown): string[] {
  return parseJsonPatch(patch).map(({ path }) => path.map((step) => `/${step}`).join(''));
}

function parseJsonPatch(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into a list of operations',
    );
  }
  if (patch.length > patchOperationsMax) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${patchOperationsMax}, got ${patch.length}`,
    );
  }
  checkJson(patch);
  return patch.map(parseOperation);
}

const operators: readonly string[] = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

function isOperator(text: unknown): text is Operation['op'] {
  return typeof text === 'string' && operators.includes(text);
}

function parseOperation(raw: unknown): Operation {
  if (!isRecord(raw)) throw badRequest('error decoding patch: an operation is not an object');
  const { op, path, from } = raw;
  if (!isOperator(op)) {
    throw badRequest(`error decoding patch: unexpected kind: ${JSON.stringify(op ?? '')}`);
  }
  if (typeof path !== 'string') throw badRequest(`error decoding patch: ${op} without path`);
  const moves = op === 'move' || op === 'copy';
  if (moves && typeof from !== 'string') {
    throw badRequest(`error decoding patch: ${op} without from`);
  }
  const needsValue = op === 'add' || op === 'replace' || op === 'test';
  if (needsValue && !Object.hasOwn(raw, 'value')) {
    throw badRequest(`error decoding patch: ${op} operation missing value`);
  }
  return {
    op,
    path: parsePointer(path),
    from: moves && typeof from === 'string' ? parsePointer(from) : [],
    value: raw['value'],
  };
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) {
    throw badRequest(`error decoding patch: ${JSON.stringify(pointer)} is no JSON pointer`);
  }
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (steps.includes('__proto__')) {
    throw badRequest('error decoding patch: the field name "__proto__" is not allowed');
  }
  return steps;
}

interface Root {
  document: unknown;
}

function run(root: Root, operation: Operation): void {
  const { op, path, from, value } = operation;
  switch (op) {
    case 'add':
      write(root, path, cloneJson(value), false);
      break;
    case 'replace':
      write(root, path, cloneJson(value), true);
      break;
    case 'remove':
      remove(root, path);
      break;
    case 'copy':
      write(root, path, cloneJson(read(root, from)), false);
      break;
    case 'move': {
      const inside = path.length > from.length && from.every((step, at) => path[at] === step);
      if (inside) throw unprocessable();
      const moved = read(root, from);
      remove(root, from);
      write(root, path, moved, false);
      break;
    }
    case 'test':
      if (!equalJson(read(root, path), value)) throw unprocessable();
      break;
    default:
      throw unprocessable();
  }
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function indexOf(list: readonly unknown[], step: string, lengthMax: number): number {
  if (!/^(?:0|[1-9]\d*)$/u.test(step)) throw unprocessable();
  const index = Number(step);
  if (index >= lengthMax || index > list.length) throw unprocessable();
  return index;
}

function readStep(container: unknown, step: string): unknown {
  if (Array.isArray(container)) return container[indexOf(container, step, container.length)];
  if (!isRecord(container) || !Object.hasOwn(container, step)) throw unprocessable();
  return container[step];
}

function read(root: Root, path: readonly string[]): unknown {
  let here = root.document;
  for (const step of path) here = readStep(here, step);
  return here;
}

function parentOf(root: Root, path: readonly string[]): { parent: Container; last: string } {
  const parent = read(root, path.slice(0, -1));
  if (!isContainer(parent)) throw unprocessable();
  return { parent, last: path.at(-1) ?? '' };
}

function write(root: Root, path: readonly string[], value: unknown, mustExist: boolean): void {
  if (path.length === 0) {
    root.document = value;
    return;
  }
  const { parent, last } = parentOf(root, path);
  if (!Array.isArray(parent)) {
    if (mustExist && !Object.hasOwn(parent, last)) throw unprocessable();
    parent[last] = value;
  } else if (mustExist) parent[indexOf(parent, last, parent.length)] = value;
  else if (last === '-') parent.push(value);
  else parent.splice(indexOf(parent, last, parent.length + 1), 0, value);
}

function remove(root: Root, path: readonly string[]): void {
  if (path.length === 0) throw unprocessable();
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent.splice(indexOf(parent, last, parent.length), 1);
  else {
    if (!Object.hasOwn(parent, last)) throw unprocessable();
    delete parent[last];
  }
}
