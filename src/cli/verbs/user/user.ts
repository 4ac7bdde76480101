/** `user create`: a kubeconfig for a colleague, with a certificate of his own. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Clock } from '#base/clock.ts';
import { clusterAddress } from '../../api/cluster-address.ts';
import { locateApi } from '../../api/locate.ts';
import { checkTokenPath, writeToken } from '../../api/token-file.ts';
import { CliError } from '../../errors.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import { repeated } from '../../input/repeated.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';

interface CreateFlags extends GlobalFlags {
  readonly group: readonly string[];
  readonly lifetime: string;
  readonly file?: string;
}

interface Wish {
  readonly name: string;
  readonly groups: readonly string[];
  readonly lifetimeMs: number;
  readonly file: string;
}

const hourMs = 3_600_000;
const lifetimeMsMax = 365 * 24 * hourMs;
const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** Adds the group with its verb. */
export function addUser(group: Command, io: CliIo): void {
  group
    .command('create')
    .description('write a kubeconfig for somebody else, who may do nothing until roles are bound')
    .argument('<name>', 'who: the name in roles and in the audit log')
    .option('--group <name>', 'a group that roles can be bound to; may be repeated', repeated, [])
    .option('--lifetime <duration>', 'how long it can be used, up to a year', '720h')
    .option('--file <file>', 'where the kubeconfig goes (default: NAME.kubeconfig)')
    .addHelpText(
      'after',
      `
Runs on the machine of 'drawbridge up', beside its keys. The file holds a private key: hand it over as
you would a password.

Examples:
  drawbridge user create alice --group dev -n west
  kubectl create rolebinding dev-view --clusterrole=view --group=dev -n west`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CreateFlags>();
      const format = readFormat(flags);
      const wish = readWish(command.args, flags);
      await checkTokenPath(wish.file, 'file name');
      const made = await createUser(io, flags, wish);
      if (format !== 'table') {
        io.stdout.write(renderDocument({ ...made, file: wish.file }, format));
        return;
      }
      const groups = wish.groups.length === 0 ? '' : ` in ${wish.groups.join(', ')}`;
      io.stdout.write(
        [
          `${wish.file} lets ${wish.name}${groups} in until ${made.until}`,
          'Give a role:   kubectl create rolebinding NAME --clusterrole=view ' +
            `${whoFlag(wish)} -n NAMESPACE`,
          'Take it back:  kubectl create configmap drawbridge-revoked-users -n kube-system ' +
            `--from-literal=${made.serialNumber}=${wish.name}`,
          '',
        ].join('\n'),
      );
    });
}

function whoFlag({ name, groups }: Wish): string {
  const [group] = groups;
  return group === undefined ? `--user=${name}` : `--group=${group}`;
}

/** @throws CliError CLI_USAGE */
function readWish(args: readonly string[], flags: CreateFlags): Wish {
  const problems = new Problems();
  const [name = ''] = args;
  if (args.length > 1) problems.add('only one argument is allowed for this command.');
  for (const [thing, text] of [
    ['user name', name],
    ...flags.group.map((each) => ['--group', each]),
  ]) {
    if (!/^[\w.@-]{1,64}$/u.test(text ?? '')) {
      problems.add(`${thing} is not valid: "${text}" is not 1 to 64 letters, digits, or . _ @ -`);
    }
  }
  const lifetimeMs = problems.take(readDuration('--lifetime', flags.lifetime, hourMs));
  if ((lifetimeMs ?? 0) > lifetimeMsMax) {
    problems.add('--lifetime is not valid: duration must not be more than 8760h');
  }
  const file = flags.file ?? `${name}.kubeconfig`;
  if (file === '') problems.add('--file is not valid: it is empty');
  else if (existsSync(file)) problems.add(`--file is not valid: ${file} exists already`);
  problems.throwIfAny("see 'drawbridge user create --help'");
  return { name, groups: flags.group, lifetimeMs: lifetimeMs ?? hourMs, file };
}

interface Made {
  readonly user: string;
  readonly groups: readonly string[];
  readonly serialNumber: string;
  readonly until: string;
}

async function createUser(io: CliIo, flags: CreateFlags, wish: Wish): Promise<Made> {
  const { name, groups, lifetimeMs, file } = wish;
  const { server } = await clusterAddress(io, flags);
  const { path = '' } = await locateApi(io, flags);
  const directory = join(dirname(path), 'pki');
  if (!existsSync(join(directory, 'ca.key'))) {
    throw new CliError('CLI_NOT_THERE', `there is no pki/ca.key beside ${path}`, {
      todo: "run this on the machine of 'drawbridge up', with its kubeconfig",
    });
  }
  const { issueUserFiles, kubeconfigText } = await import('#apiserver/index.ts');
  const { ca, cert, key, serialNumber, notAfterMs } = await issueUserFiles(
    { clock: systemClock },
    { directory, name, groups, lifetimeMs },
  );
  const namespace = flags.namespace ?? 'default';
  await writeToken(file, kubeconfigText({ server, ca, cert, key, namespaces: [], namespace }));
  return { user: name, groups, serialNumber, until: new Date(notAfterMs).toISOString() };
}
