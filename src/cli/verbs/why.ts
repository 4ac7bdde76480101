/** `why`: follows the path of one object and names the one thing that is wrong with it. */
import type { Command } from 'commander';
import { withSession } from '../api/session.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { choiceProblems, nameProblems } from '../input/name.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo, Outcome } from '../io.ts';
import { renderDiagnosis } from '../output/diagnosis.ts';
import { renderDocument } from '../output/document.ts';
import { connectorPath } from '../why/connector-steps.ts';
import { linkPath } from '../why/link-steps.ts';
import { listenerPath } from '../why/listener-steps.ts';
import { sitePath } from '../why/site-steps.ts';
import { follow, type Step } from '../why/step.ts';
import { tokenPath } from '../why/token-steps.ts';
import { type World, worldOf } from '../why/world.ts';

const paths: Readonly<Record<string, readonly Step<World>[]>> = {
  link: linkPath,
  token: tokenPath,
  listener: listenerPath,
  connector: connectorPath,
  site: sitePath,
};

/** Other words for the kinds, as kubectl prints and takes them. */
const aliases: Readonly<Record<string, string>> = {
  accesstoken: 'token',
  to: 'token',
  ln: 'link',
  lnr: 'listener',
  cnr: 'connector',
  st: 'site',
};

/** The kind that `link`, `links`, `ln` and `link.skupper.io` mean. */
function kindOf(word: string): string {
  const bare = word.replace(/\.skupper\.io$/, '');
  const one = Object.hasOwn(paths, bare) ? bare : bare.replace(/s$/, '');
  return Object.hasOwn(aliases, one) ? (aliases[one] ?? one) : one;
}

/** Adds flags, help and deed to the verb. */
export function addWhy(verb: Command, io: CliIo, outcome: Outcome): void {
  verb
    .argument('[object]', 'link/NAME, token/NAME, listener/NAME, connector/NAME or site/NAME')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Follows the path from this end: objects, certificates, the router, name, TCP and TLS of the other
end, the other side of a routing key. Stops at the first fault and says what mends it.
Exit code 0 when nothing is wrong, 1 with a cause. Nothing is changed.

Examples:
  drawbridge why link/token-to-west -n east
  drawbridge why token/token-to-west -n east -o json
  drawbridge why $(kubectl get link -n east -o name) -n east`,
    )
    .action(async (_object: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const problems = new Problems();
      const { kind, name, steps } = readObject(problems, command.args);
      problems.throwIfAny("see 'drawbridge why --help'");
      const format = readFormat(flags);
      const target = `${kind}/${name}`;
      const { namespace, diagnosis } = await withSession(io, flags, async (session) => ({
        namespace: session.namespace,
        diagnosis: await follow(worldOf(session, name, Date.now()), steps, (done) => {
          session.progress.say(`following: ${target} (${done.at(-1)?.step ?? 'site'})`);
        }),
      }));
      io.stdout.write(
        format === 'table'
          ? renderDiagnosis(target, namespace, diagnosis)
          : renderDocument({ target, namespace, ...diagnosis }, format),
      );
      outcome.exitCode = diagnosis.healthy ? 0 : 1;
    });
}

function readObject(
  problems: Problems,
  args: readonly string[],
): { readonly kind: string; readonly name: string; readonly steps: readonly Step<World>[] } {
  const [text = ''] = args;
  const slash = text.indexOf('/');
  const [kind, name] = slash < 0 ? ['', ''] : [kindOf(text.slice(0, slash)), text.slice(slash + 1)];
  const steps = Object.hasOwn(paths, kind) ? paths[kind] : undefined;
  if (args.length > 1) problems.add('only one argument is allowed for this command.');
  if (slash < 0) problems.add('the object must be given as KIND/NAME, such as link/token-to-west');
  else if (steps === undefined) problems.add(...choiceProblems('kind', kind, Object.keys(paths)));
  else problems.add(...nameProblems(`${kind} name`, name));
  return { kind, name, steps: steps ?? [] };
}
