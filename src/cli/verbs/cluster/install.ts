/** `install` and `uninstall`: the controller in a cluster. */
import type { Command } from 'commander';
import { withSession } from '../../api/session.ts';
import {
  controllerObjects,
  type InstallationWish,
} from '../../deeds/installation/controller-objects.ts';
import { install, uninstall } from '../../deeds/installation/install.ts';
import { controllerSettings } from '../../input/controller-settings.ts';
import type { GlobalFlags } from '../../input/format.ts';
import {
  type ImageFlags,
  installNamespaceDefault,
  readImageFlags,
  refuseOutput,
} from '../../input/install-wish.ts';
import { Problems } from '../../input/problems.ts';
import { repeated } from '../../input/repeated.ts';
import type { CliIo } from '../../io.ts';
import { installTeller, printObjects } from './telling.ts';

interface InstallFlags extends ImageFlags {
  readonly onlyNamespace: boolean;
  readonly set: readonly string[];
  readonly print: boolean;
}

interface UninstallFlags extends GlobalFlags {
  readonly force: boolean;
  readonly keepKinds: boolean;
}

const installHelp = `
Kinds that another installation made (a Skupper, say) are used as they are. --set takes the flags
of 'drawbridge controller'; without an address for grants in it, one is found with a SecuredAccess.

Examples:
  drawbridge install --image registry.example.com/drawbridge:1
  drawbridge install --image … --set enabled-access-types=local,nodeport --set cluster-host=n.example
  drawbridge install --image … -n team-a --only-namespace
  drawbridge install --image … --print | kubectl apply -f -`;

/** Makes the verb of its group. */
export function addInstall(verb: Command, io: CliIo): void {
  verb
    .option('--image <image>', 'image of this program, for controller and routers')
    .option('--pull-policy <policy>', 'when the image is pulled', 'IfNotPresent')
    .option('--replicas <count>', 'controllers; one leads, the others wait', '2')
    .option('--only-namespace', 'look after --namespace alone, with rights nowhere else', false)
    .option('--set <name=value>', 'setting of the controller; may repeat', repeated, [])
    .option('--print', 'print the objects as YAML instead of applying them', false)
    .addHelpText('after', installHelp)
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<InstallFlags>();
      const wish = readInstall(flags);
      const objects = controllerObjects(wish);
      if (flags.print) {
        printObjects(io, objects);
        return;
      }
      await withSession(io, flags, (session) => install(session, objects, installTeller(io)));
      const { namespace, replicas } = wish;
      io.stdout.write(
        `${replicas} controllers in namespace ${namespace}: kubectl get pods -n ${namespace}\n`,
      );
    });
}

/** Makes the verb of its group. */
export function addUninstall(verb: Command, io: CliIo): void {
  verb
    .option('--force', 'also with sites, which lose their routers and links', false)
    .option('--keep-kinds', 'leave the kinds and their objects', false)
    .addHelpText(
      'after',
      '\nExamples:\n  drawbridge uninstall\n  drawbridge uninstall --keep-kinds',
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<UninstallFlags>();
      refuseOutput(flags, new Problems(), 'uninstall');
      const wish = anyWish(flags.namespace ?? installNamespaceDefault);
      await withSession(io, flags, (session) => uninstall(session, wish, flags, installTeller(io)));
    });
}

/** Names of objects do not depend on the rest. */
function anyWish(namespace: string): InstallationWish {
  const rest = { image: '', pullPolicy: 'IfNotPresent', replicas: 1, flags: [] } as const;
  return { namespace, onlyNamespace: false, ...rest };
}

/** The flags as values. @throws CliError CLI_USAGE naming everything that is wrong */
export function readInstall(flags: InstallFlags): InstallationWish {
  const problems = new Problems();
  const image = readImageFlags(problems, flags);
  const given = new Map<string, string>();
  for (const text of flags.set) {
    const [name = '', value] = [text.split('=', 1)[0], text.slice(text.indexOf('=') + 1)];
    const known = controllerSettings.find(({ flag }) => flag === name);
    if (known === undefined || !text.includes('=')) {
      problems.add(`--set is not valid: "${text}" is not NAME=VALUE of 'drawbridge controller'`);
    } else if (known.boolean !== true) given.set(name, `--${name}=${value}`);
    else if (value === 'true') given.set(name, `--${name}`);
    else if (value !== 'false') problems.add(`--set is not valid: ${name} is true or false`);
  }
  const hasAddress = given.has('grant-server-base-url');
  if (!hasAddress) given.set('grant-server-autoconfigure', '--grant-server-autoconfigure');
  refuseOutput(flags, problems, 'install');
  return { ...image, onlyNamespace: flags.onlyNamespace, flags: [...given.values()] };
}
