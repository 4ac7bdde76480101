/** Flags that all installations into a cluster have. */
import type { GlobalFlags } from './format.ts';
import { integerProblems } from './name.ts';
import type { Problems } from './problems.ts';

export interface ImageFlags extends GlobalFlags {
  readonly image?: string;
  readonly pullPolicy: string;
  readonly replicas: string;
}

/** They as values. */
export interface ReadImageFlags {
  readonly namespace: string;
  readonly image: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly replicas: number;
}

/** Where everything of ours is installed unless told otherwise. */
export const installNamespaceDefault = 'drawbridge-system';
const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;

/** Notes what is wrong. */
export function readImageFlags(problems: Problems, flags: ImageFlags): ReadImageFlags {
  const { image = '' } = flags;
  const pullPolicy = pullPolicies.find((each) => each === flags.pullPolicy);
  if (image === '') {
    problems.add('--image is needed: the image of this program in a registry of yours');
  }
  if (pullPolicy === undefined) {
    problems.add(`--pull-policy is not valid: it is one of ${pullPolicies.join(', ')}`);
  }
  problems.add(...integerProblems('--replicas', flags.replicas, 1));
  return {
    namespace: flags.namespace ?? installNamespaceDefault,
    image,
    pullPolicy: pullPolicy ?? 'IfNotPresent',
    replicas: Number(flags.replicas),
  };
}

/** Documents come from --print. @throws CliError CLI_USAGE with everything noted so far */
export function refuseOutput(flags: GlobalFlags, problems: Problems, verb: string): void {
  if (flags.output !== undefined) problems.add(`--output has no meaning for '${verb}'`);
  problems.throwIfAny(`see 'drawbridge ${verb} --help'`);
}
