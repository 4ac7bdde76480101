/**
 * What may follow on a command line that is being typed: verbs, flags, values of flags, or names of
 * objects. The tree of verbs is the only source for the first two. Pure.
 */
import type { Command, Option } from 'commander';
import { streams } from '../input/grant/grant-flags.ts';
import { methodsKnown, verbsKnown } from '../input/grant/grant-rules.ts';

/** What names are wanted. */
export type NameKind =
  | 'accesstoken'
  | 'certificate'
  | 'connector'
  | 'context'
  | 'gatewaytoken'
  | 'link'
  | 'listener'
  | 'namespace'
  | 'resource'
  | 'secret'
  | 'site';

/** What may follow. */
export interface Candidates {
  readonly words: readonly string[];
  /** Names to ask the API for. */
  readonly names?: NameKind;
  /** Names to ask for, each with its kind in front: `link/NAME`. */
  readonly typedNames?: readonly NameKind[];
}

/** Values of flags that have few, by long name. */
const flagValues: Readonly<Record<string, readonly string[]>> = {
  '--output': ['json', 'yaml'],
  '--link-access-type': ['default', 'local', 'loadbalancer', 'nodeport', 'route'],
  '--token-type': ['claim', 'cert'],
  '--type': ['tcp'],
  '--platform': ['kubernetes'],
};
/** Values of flags of `gateway link`, `kubeconfig` and `token create`, by long name. */
const grantFlagValues: typeof flagValues = {
  '--connect': streams,
  '--verb': verbsKnown,
  '--method': methodsKnown,
  '--count-per': ['redemption', 'request', 'stream'],
  '--record': ['policy', 'always', 'never'],
  '--cluster': ['local'],
};
/** Flags whose values are names of objects. */
const flagNames: Readonly<Record<string, NameKind>> = {
  '--namespace': 'namespace',
  '--context': 'context',
  '--resource': 'resource',
  '--tls-credentials': 'secret',
  '--tls-cert': 'secret',
  '--tls-trust': 'secret',
};
const waitGoals = ['ready', 'configured', 'none'];
/** Kinds that a path is followed from. */
export const whyKinds = ['link', 'token', 'listener', 'connector', 'site'] as const;
/** Verbs of a group that name an existing object of the group's kind. */
const verbsWithName = new Set(['update', 'delete', 'status', 'rotate']);
const gatewayVerbsWithName = new Set(['revoke', 'approve', 'deny']);
const groupNames: Readonly<Record<string, NameKind>> = {
  site: 'site',
  certificate: 'certificate',
  link: 'link',
  listener: 'listener',
  connector: 'connector',
};

/** Where a command line has got to. */
export interface Place {
  readonly command: Command;
  /** The word that is being typed, perhaps empty. */
  readonly typed: string;
  /** The flag whose value is being typed. */
  readonly flag: Option | undefined;
  /** Arguments of the command that are complete. */
  readonly argsBefore: readonly string[];
}

/** Follows the words down the tree. @param words what follows the program's name, the last unfinished */
export function placeOf(program: Command, words: readonly string[]): Place {
  let command = program;
  let flag: Option | undefined;
  let argsBefore: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (flag !== undefined) {
      flag = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const option = findOption(command, word);
      flag = option?.required === true ? option : undefined;
    } else {
      const next = command.commands.find((each) => each.name() === word);
      if (next === undefined) argsBefore.push(word);
      else [command, argsBefore] = [next, []];
    }
  }
  return { command, typed: words.at(-1) ?? '', flag, argsBefore };
}

/** What may stand where the line has got to, not yet narrowed to what was typed. */
export function candidatesAt({ command, typed, flag, argsBefore }: Place): Candidates {
  if (flag !== undefined) return valuesOf(command, flag);
  if (typed.startsWith('-')) {
    const options = chain(command).flatMap((each) => each.options.filter(({ hidden }) => !hidden));
    return { words: [...options.map(({ long, short }) => long ?? short ?? ''), '--help'] };
  }
  const visible = command.createHelp().visibleCommands(command);
  const verbs = visible.map((each) => each.name()).filter((name) => name !== 'help');
  if (verbs.length > 0) return { words: verbs };
  if (argsBefore.length > 0) return { words: [] };
  if (command.name() === 'why') {
    return { words: [], typedNames: whyKinds.map((k) => (k === 'token' ? 'accesstoken' : k)) };
  }
  const names = groupNames[command.parent?.name() ?? ''];
  const isNamed = names !== undefined && verbsWithName.has(command.name());
  const isOfGateway = command.parent?.name() === 'gateway';
  if (isOfGateway && gatewayVerbsWithName.has(command.name())) {
    return { words: [], names: 'gatewaytoken' };
  }
  if (isNamed) return { words: [], names };
  if (command.name() === 'completion') return { words: ['bash', 'zsh', 'fish'] };
  return { words: [] };
}

function valuesOf(command: Command, flag: Option): Candidates {
  const long = flag.long ?? '';
  if (long === '--wait' && command.name() !== 'status') return { words: waitGoals };
  // What runs servers takes certificates as files.
  if (command.name() === 'serve' && long.startsWith('--tls-')) return { words: [] };
  // Other verbs have flags of these names for other things.
  if (command.options.some((each) => each.long === '--connect') && grantFlagValues[long]) {
    return { words: grantFlagValues[long] };
  }
  const names = Object.hasOwn(flagNames, long) ? flagNames[long] : undefined;
  if (names !== undefined) return { words: [], names };
  return { words: Object.hasOwn(flagValues, long) ? (flagValues[long] ?? []) : [] };
}

function findOption(command: Command, word: string): Option | undefined {
  const [name = ''] = word.split('=', 1);
  if (word.includes('=')) return undefined;
  return chain(command)
    .flatMap((each) => each.options)
    .find(({ long, short }) => long === name || short === name);
}

/** The command and those above it, whose flags it takes too. */
function chain(command: Command): Command[] {
  return [command, ...(command.parent === null ? [] : chain(command.parent))];
}
