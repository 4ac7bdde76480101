/**
 * Flags as Go programs take them: one or two dashes, a value after `=` or as the next word, booleans
 * without a value. For command lines that were written for another program.
 */
import { usageError } from '../errors.ts';

/** What a flag takes. */
export type GoFlagKind = 'text' | 'boolean';

/**
 * The flags that were given.
 * @param kinds every flag there is
 * @throws CliError CLI_USAGE for anything else
 */
export function readGoFlags<Name extends string>(
  args: readonly string[],
  kinds: Readonly<Record<Name, GoFlagKind>>,
  help: string,
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  const isName = (name: string): name is Name => Object.hasOwn(kinds, name);
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    const [, name = '', given] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (!arg.startsWith('-')) throw usageError([`${JSON.stringify(arg)} is no flag`], help);
    if (!isName(name)) throw usageError([`unknown flag ${JSON.stringify(arg)}`], help);
    if (kinds[name] === 'boolean') {
      found[name] = booleanOf(name, given ?? 'true', help);
      continue;
    }
    const value = given ?? args[++at];
    if (value === undefined) throw usageError([`-${name} needs a value`], help);
    found[name] = value;
  }
  return found;
}

function booleanOf(name: string, text: string, help: string): string {
  if (/^(?:1|t|true)$/i.test(text)) return 'true';
  if (/^(?:0|f|false)$/i.test(text)) return 'false';
  throw usageError([`-${name} is not valid: "${text}" is neither true nor false`], help);
}
