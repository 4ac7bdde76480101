/** Amounts with units: `100m`, `1.5Gi`, 2. @spec Kubernetes resource.Quantity */
import { isRecord } from './object.ts';

const form = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/u;
const lengthMax = 64;

/** True for a number or a text with a unit. */
export function isQuantity(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.length <= lengthMax && form.test(value);
}

/** Numbers become the texts that are stored: 2 is `2`, 0.5 is `500m`. Changes the map in place. */
export function normalizeQuantities(map: unknown): void {
  if (!isRecord(map)) return;
  for (const [name, value] of Object.entries(map)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    map[name] = Number.isInteger(value) ? String(value) : `${Math.ceil(value * 1000)}m`;
  }
}
