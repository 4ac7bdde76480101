/** Flags about whom a gateway impersonates towards the API server. */
import type { Command } from 'commander';
import { type Impersonates, isNameForHeader, linksGroup, linksUser } from '#gateway/index.ts';
import type { Problems } from '../../input/problems.ts';
import { repeated } from '../../input/repeated.ts';

export interface ImpersonationFlags {
  readonly identity: string;
  readonly impersonateUser: readonly string[];
  readonly impersonateGroup: readonly string[];
}

/** Everybody, as the one value of a flag. */
const anybody = '*';

/** Adds `--identity` and whom that is about. */
export function addImpersonationOptions(command: Command): Command {
  return command
    .option(
      '--identity <mode>',
      'impersonate the link or person, or act as own account',
      'impersonate',
    )
    .option(
      '--impersonate-user <name>',
      'the only users to act as, * for any; may repeat',
      repeated,
      [],
    )
    .option(
      '--impersonate-group <name>',
      'the only groups to act in, * for any; may repeat',
      repeated,
      [],
    );
}

/**
 * Notes what is wrong. Links always keep their own user and group.
 * @returns undefined for everybody
 */
export function readImpersonation(
  problems: Problems,
  { identity, impersonateUser, impersonateGroup }: ImpersonationFlags,
): Impersonates | undefined {
  if (identity === 'account' && impersonateUser.length + impersonateGroup.length > 0) {
    problems.add('--impersonate-user and --impersonate-group belong to --identity impersonate');
  }
  const users = namesOf(problems, '--impersonate-user', impersonateUser, linksUser);
  const groups = namesOf(problems, '--impersonate-group', impersonateGroup, linksGroup);
  if (users === undefined && groups === undefined) return undefined;
  return { ...(users && { users }), ...(groups && { groups }) };
}

function namesOf(
  problems: Problems,
  flag: string,
  given: readonly string[],
  links: string,
): ReadonlySet<string> | undefined {
  const any = given.includes(anybody);
  if (any && given.length > 1) problems.add(`${flag} is not valid: * stands for all others`);
  for (const name of given) {
    if (isNameForHeader(name)) continue;
    problems.add(
      `${flag} is not valid: ${JSON.stringify(name)} is no name of a person, or one of the cluster's own`,
    );
  }
  return any || given.length === 0 ? undefined : new Set([links, ...given]);
}
