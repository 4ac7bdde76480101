/** The rules that Secret and ConfigMap share: keys, total size, immutability. */
import type { FieldError } from '../field-error.ts';
import { forbidden, invalid, tooLong } from '../field-error.ts';
import { equalJson } from '../json.ts';
import { checkConfigKey } from '../name.ts';

/** Bytes of all values of a Secret or ConfigMap together. */
export const keyDataBytesMax = 1024 * 1024;

/** Faults of the keys. */
export function checkKeys(field: string, data: Readonly<Record<string, string>>): FieldError[] {
  return Object.keys(data).flatMap((key) =>
    checkConfigKey(key).map((text) => invalid(`${field}[${key}]`, key, text)),
  );
}

/** Fault of the total size. */
export function checkSize(field: string, bytes: number): FieldError[] {
  return bytes > keyDataBytesMax ? [tooLong(field, keyDataBytesMax)] : [];
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/** True for standard base64 with padding. */
export function isBase64(text: string): boolean {
  return base64.test(text);
}

/** Bytes that a base64 text stands for. */
export function base64Bytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor((text.length * 3) / 4) - padding);
}

interface KeyData {
  readonly immutable?: boolean;
}

/** Faults of changing what `immutable: true` froze. */
export function checkFrozen<T extends KeyData>(
  next: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  const found = next.immutable === true ? [] : [forbidden('immutable', detail)];
  for (const field of fields) {
    if (!equalJson(next[field] ?? {}, old[field] ?? {})) found.push(forbidden(field, detail));
  }
  return found;
}
