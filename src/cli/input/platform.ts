/**
 * The flag --platform and the variable SKUPPER_PLATFORM. Every verb works through the API, so there
 * is one platform; scripts that name it go on working, and those that name another are told.
 */
import { usageError } from '../errors.ts';

const others = ['podman', 'docker', 'linux'];
const variable = 'SKUPPER_PLATFORM';

/**
 * @param flag the value of --platform
 * @throws CliError CLI_USAGE for any platform but `kubernetes`
 */
export function checkPlatform(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const given = flag ?? env[variable] ?? '';
  if (given === '' || given === 'kubernetes') return;
  const remedy = flag === undefined ? `unset ${variable}` : 'leave --platform out';
  throw usageError(
    [`platform "${given}" not supported`],
    others.includes(given)
      ? `${remedy}: 'drawbridge up' runs sites on this machine behind the same API, and all verbs work there`
      : `${remedy}, or use kubernetes`,
  );
}
