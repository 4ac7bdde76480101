/**
 * People and scripts write `--wait=false`, as they do with kubectl and skupper; commander only knows
 * `--no-wait`. This rewrites the first form into the second, for flags that take no value.
 */
import type { Command } from 'commander';

/** The arguments with `--flag=true` and `--flag=false` of boolean flags rewritten. */
export function rewriteBooleanValues(program: Command, args: readonly string[]): string[] {
  const names = booleanNames(program);
  return args.flatMap((arg) => {
    const match = /^--([a-z][a-z-]*)=(true|false)$/.exec(arg);
    const [, name = '', value] = match ?? [];
    if (!names.has(name)) return [arg];
    if (value === 'true') return [`--${name}`];
    // Off is the default of a flag that cannot be negated.
    return names.has(`no-${name}`) ? [`--no-${name}`] : [];
  });
}

function booleanNames(command: Command): Set<string> {
  const own = command.options
    .filter((option) => (option.isBoolean() || option.negate) && option.long !== undefined)
    .map((option) => (option.long ?? '').replace(/^--/, ''));
  return new Set([...own, ...command.commands.flatMap((each) => [...booleanNames(each)])]);
}
