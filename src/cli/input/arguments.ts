/** Positional arguments, counted and named as people know them from Skupper. */
import { nameProblems } from './name.ts';
import type { Problems } from './problems.ts';

/**
 * The one name a verb needs; empty with the problem noted when it is missing.
 * @param thing such as `site`
 */
export function requiredName(problems: Problems, thing: string, args: readonly string[]): string {
  const [name = ''] = args;
  if (name === '') problems.add(`${thing} name must not be empty`);
  else problems.add(...nameProblems(`${thing} name`, name));
  return onlyOne(problems, args, name);
}

/** The name of a verb that can do without; undefined when it was not given. */
export function optionalName(
  problems: Problems,
  thing: string,
  args: readonly string[],
): string | undefined {
  const [name] = args;
  if (name !== undefined) problems.add(...nameProblems(`${thing} name`, name));
  return onlyOne(problems, args, name);
}

/** Type and name of a target, as two arguments or as `TYPE/NAME`. */
export function targetArguments(problems: Problems, args: readonly string[]): [string, string] {
  const [first = '', second] = args;
  const slash = second === undefined ? first.indexOf('/') : -1;
  const [type, name] =
    slash === -1 ? [first, second ?? ''] : [first.slice(0, slash), first.slice(slash + 1)];
  if (type === '' || name === '') problems.add('type and name of the target must be given');
  if (args.length > 2) problems.add('only two arguments are allowed for this command');
  return [type, name];
}

/** Notes a problem when there are arguments. */
export function noArguments(problems: Problems, args: readonly string[]): void {
  if (args.length > 0) problems.add('this command does not need any arguments');
}

function onlyOne<T>(problems: Problems, args: readonly string[], name: T): T {
  if (args.length > 1) problems.add('only one argument is allowed for this command.');
  return name;
}
