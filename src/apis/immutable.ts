/** Rules that freeze fields of a spec once the object exists. */
import type { ValidationRule } from '#kube/index.ts';

/** One rule per field: it may not appear, vanish or change. */
export function immutableFields(names: readonly string[]): ValidationRule[] {
  return names.map((name) => ({
    rule: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
    message: `${name} cannot change`,
    fieldPath: `.${name}`,
  }));
}

/** A switch that can be set and never taken back. */
export function onceTrue(name: string): ValidationRule {
  return {
    rule: `!has(oldSelf.${name}) || !oldSelf.${name} || (has(self.${name}) && self.${name})`,
    message: `${name} cannot be taken back`,
    fieldPath: `.${name}`,
  };
}

/** A field that appears once and then stays as it is. */
export function onceSet(name: string): ValidationRule {
  return {
    rule: `!has(oldSelf.${name}) || (has(self.${name}) && self.${name} == oldSelf.${name})`,
    message: `${name} cannot change`,
    fieldPath: `.${name}`,
  };
}
