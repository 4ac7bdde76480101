/** `unexpose`: takes back what `expose` made. */
import type { Command } from 'commander';
import type { ResourceDefinition } from '#kube/index.ts';
import { connector, listener } from '../api/kinds.ts';
import { withSession } from '../api/session.ts';
import { remove } from '../deeds/change.ts';
import { targetTypes } from '../deeds/expose.ts';
import { CliError } from '../errors.ts';
import { readDuration } from '../input/duration.ts';
import { targetArguments } from '../input/arguments.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { choiceProblems, nameProblems } from '../input/name.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';
import { renderDocument } from '../output/document.ts';

type UnexposeFlags = GlobalFlags & { readonly address?: string; readonly timeout: string };

const timeoutMsMin = 10_000;
/** What `expose` makes; clients are turned away before the target goes. */
const exposed: readonly ResourceDefinition[] = [listener, connector];

/** Adds flags, help and deed to the verb. */
export function addUnexpose(verb: Command, io: CliIo): void {
  verb
    .argument('[type]', targetTypes.join(', '))
    .argument('[target]', 'name of the target')
    .option('--address <name>', 'name of the service in the network (default: the target)')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Removes the Connector and the Listener of that address in this namespace; those of other sites stay.

Examples:
  drawbridge unexpose deployment backend
  drawbridge unexpose host 127.0.0.1 --address web -n west`,
    )
    .action(async (_type: unknown, _target: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<UnexposeFlags>();
      const problems = new Problems();
      const address = readAddress(problems, command.args, flags);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      problems.throwIfAny("see 'drawbridge unexpose --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const { client, namespace } = session;
        let found = 0;
        for (const kind of exposed) {
          if ((await client.find(kind, { namespace, name: address })) === undefined) continue;
          await remove(session, kind, address, timeoutMs);
          found++;
        }
        if (found > 0) return;
        throw new CliError('CLI_NOT_THERE', `"${address}" is not exposed in ${namespace}`, {
          todo: `see 'drawbridge connector status -n ${namespace}'`,
        });
      });
      io.stdout.write(
        format === 'table'
          ? `${address} is not exposed any more\n`
          : renderDocument({ address, exposed: false }, format),
      );
    });
}

function readAddress(
  problems: Problems,
  args: readonly string[],
  { address }: UnexposeFlags,
): string {
  const [type, target] = targetArguments(problems, args);
  if (type !== '' && target !== '') {
    problems.add(...choiceProblems('target type', type, targetTypes));
  }
  if (type === 'host' && address === undefined) {
    problems.add("--address must be given for target type 'host'");
  }
  const name = address ?? target;
  if (name !== '') problems.add(...nameProblems('address', name));
  return name;
}
