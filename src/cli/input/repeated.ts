/** Gathers the values of a flag that may be given several times; for commander's option parser. */
export function repeated(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
