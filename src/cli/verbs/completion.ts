/** `completion`: code for shells; `complete`: what that code asks, a word in progress at a time. */
import type { Command } from 'commander';
import { candidatesAt, placeOf } from '../completion/candidates.ts';
import { namesOf } from '../completion/names.ts';
import { completionScript, shells } from '../completion/scripts.ts';
import { type GlobalFlags, refuseGlobals } from '../input/format.ts';
import { choiceProblems } from '../input/name.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';

/** Adds help and deed to `completion`. */
export function addCompletion(verb: Command, io: CliIo): void {
  verb
    .argument('[shell]', 'bash, zsh or fish')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Verbs, flags and names of objects are completed.

Examples:
  source <(drawbridge completion bash)              # now; in ~/.bashrc for every shell
  source <(drawbridge completion zsh)               # in ~/.zshrc, after compinit
  drawbridge completion fish > ~/.config/fish/completions/drawbridge.fish`,
    )
    .action((_shell: unknown, _flags: unknown, command: Command) => {
      refuseGlobals('completion', command.optsWithGlobals());
      const problems = new Problems();
      const [name = ''] = command.args;
      const shell = shells.find((each) => each === name);
      if (name === '') problems.add(`the shell must be given: ${shells.join(', ')}`);
      else if (shell === undefined) problems.add(...choiceProblems('shell', name, shells));
      if (command.args.length > 1) problems.add('only one argument is allowed for this command.');
      problems.throwIfAny("see 'drawbridge completion --help'");
      if (shell !== undefined) io.stdout.write(completionScript(shell));
    });
}

/** Adds the verb that shells call: one candidate per line, none when a file is wanted. */
export function addComplete(verb: Command, io: CliIo): void {
  verb.argument('[words...]').action(async (words: readonly string[], _flags, command: Command) => {
    const program = command.parent ?? command;
    const place = placeOf(program, words);
    const { words: fixed, names, typedNames = [] } = candidatesAt(place);
    const flags = globalsIn(words);
    const found = names === undefined ? [] : await namesOf(io, flags, names);
    const typed: string[] = [];
    for (const kind of typedNames) {
      const prefix = `${kind === 'accesstoken' ? 'token' : kind}/`;
      if (!isInReach(place.typed, prefix)) continue;
      const under = place.typed.includes('/') ? await namesOf(io, flags, kind) : [''];
      typed.push(...under.map((name) => prefix + name));
    }
    const all = [...fixed, ...found, ...typed].filter((word) => word.startsWith(place.typed));
    io.stdout.write(all.map((word) => `${word}\n`).join(''));
  });
}

/** True when what was typed can become, or has become, more than the prefix. */
function isInReach(typed: string, prefix: string): boolean {
  return prefix.startsWith(typed) || typed.startsWith(prefix);
}

/** The flags that say where to look, from words that may not be complete. */
function globalsIn(words: readonly string[]): GlobalFlags {
  const valueOf = (...flags: readonly string[]): string | undefined => {
    const at = words.slice(0, -2).findLastIndex((word) => flags.includes(word));
    return at < 0 ? undefined : words[at + 1];
  };
  const namespace = valueOf('-n', '--namespace');
  const context = valueOf('-c', '--context');
  const kubeconfig = valueOf('--kubeconfig');
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
}
