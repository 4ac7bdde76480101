/** `why`: follows the path of one object and names the one thing that is wrong with it. */
import type { Command } from 'commander';
import { site } from '../api/kinds.ts';
import { withSession } from '../api/session.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { choiceProblems, nameProblems } from '../input/name.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo, Outcome } from '../io.ts';
import { renderDiagnosis, renderSurvey } from '../output/diagnosis.ts';
import { renderDocument } from '../output/document.ts';
import { follow, type Step } from '../why/step.ts';
import { kinds, paths, survey } from '../why/survey.ts';
import { type World, worldOf } from '../why/world.ts';

/** Other words for the kinds, as kubectl prints and takes them. */
const aliases: Readonly<Record<string, string>> = {
  accesstoken: 'token',
  to: 'token',
  ln: 'link',
  lnr: 'listener',
  cnr: 'connector',
  st: 'site',
  gt: 'gatewaytoken',
};

/** The kind that `link`, `links`, `ln` and `link.skupper.io` mean. */
function kindOf(word: string): string {
  const bare = word.replace(/\.(?:skupper\.io|drawbridge\.dev)$/, '');
  const one = Object.hasOwn(paths, bare) ? bare : bare.replace(/s$/, '');
  return Object.hasOwn(aliases, one) ? (aliases[one] ?? one) : one;
}

/** Adds flags, help and deed to the verb. */
export function addWhy(verb: Command, io: CliIo, outcome: Outcome): void {
  verb
    .argument(
      '[object]',
      'KIND/NAME, with kind link, token, listener, connector, site or gatewaytoken',
    )
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Follows the path from this end: objects, certificates, the router, name, TCP and TLS of the other
end, the other side of a routing key. Stops at the first fault and says what mends it.
Without an object all of the namespace are followed, and those at fault are listed.
Exit code 0 when nothing is wrong, 1 with a cause. Nothing is changed.

Examples:
  drawbridge why -n east
  drawbridge why link/token-to-west -n east
  drawbridge why token/token-to-west -n east -o json
  drawbridge why gatewaytoken/link-6d1f0a2b -n west
  drawbridge why $(kubectl get link -n east -o name) -n east`,
    )
    .action(async (_object: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      if (command.args.length === 0) {
        outcome.exitCode = await surveyAll(io, flags);
        return;
      }
      const problems = new Problems();
      const { kind, name, steps } = readObject(problems, command.args);
      problems.throwIfAny("see 'drawbridge why --help'");
      const format = readFormat(flags);
      const target = `${kind}/${name}`;
      const { namespace, diagnosis } = await withSession(io, flags, async (session) => {
        // Who may not look at the object itself is told so; what is around it is only noted.
        await session.client.find(kinds[kind] ?? site, { namespace: session.namespace, name });
        const world = worldOf(session, name, Date.now());
        const followed = await follow(world, steps, (done) => {
          session.progress.say(`following: ${target} (${done.at(-1)?.step ?? 'site'})`);
        });
        return { namespace: session.namespace, diagnosis: followed };
      });
      io.stdout.write(
        format === 'table'
          ? renderDiagnosis(target, namespace, diagnosis)
          : renderDocument({ target, namespace, ...diagnosis }, format),
      );
      outcome.exitCode = diagnosis.healthy ? 0 : 1;
    });
}

/** Follows everything. @returns the exit code */
async function surveyAll(io: CliIo, flags: GlobalFlags): Promise<number> {
  const format = readFormat(flags);
  return withSession(io, flags, async (session) => {
    const { namespace, progress } = session;
    const surveyed = await survey(session, Date.now(), (target) => {
      progress.say(`following: ${target}`);
    });
    const healthy = surveyed.every(({ diagnosis }) => diagnosis.healthy);
    const objects = surveyed.map(({ target, diagnosis }) => ({ target, ...diagnosis }));
    progress.end();
    io.stdout.write(
      format === 'table'
        ? renderSurvey(namespace, surveyed)
        : renderDocument({ namespace, healthy, objects }, format),
    );
    return healthy ? 0 : 1;
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
