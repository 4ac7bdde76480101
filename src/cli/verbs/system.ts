/**
 * `system`: what Skupper calls a site outside of Kubernetes. Here it is `drawbridge up` and its API,
 * so `apply` and `delete` do what they say, and the others name the command to use instead.
 */
import type { Command } from 'commander';
import { withSession } from '../api/session.ts';
import { applyAll, deleteAll, readWanted, type Wanted } from '../deeds/apply.ts';
import type { Session } from '../api/session.ts';
import { usageError } from '../errors.ts';
import type { KubeObject } from '#kube/index.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';
import { renderList } from '../output/objects.ts';

type FileFlags = GlobalFlags & { readonly filename?: string };

/** Verbs of Skupper that have another way here: what happens by itself, and what to run. */
export const otherWays: readonly (readonly [name: string, why: string, todo: string])[] = [
  ['start', "'drawbridge up' runs the sites of a machine", "run 'drawbridge up'"],
  ['setup', "'drawbridge up' runs the sites of a machine", "run 'drawbridge up'"],
  [
    'reload',
    'changes take effect at once, so nothing is to be reloaded',
    "'drawbridge system apply -f FILE' changes objects; 'drawbridge site status' shows the effect",
  ],
  [
    'stop',
    "sites run as long as 'drawbridge up' does",
    "end 'drawbridge up' (Ctrl-C, or 'systemctl stop'); 'drawbridge site delete --all' removes a site",
  ],
  [
    'teardown',
    "sites run as long as 'drawbridge up' does",
    "end 'drawbridge up' (Ctrl-C, or 'systemctl stop'); 'drawbridge site delete --all' removes a site",
  ],
  [
    'install',
    'nothing has to be installed before the first site',
    "run 'drawbridge up'; docs/guide/operating.md has a systemd unit",
  ],
  [
    'uninstall',
    "'drawbridge up' leaves nothing but its data directory",
    "end 'drawbridge up', then remove its data directory (--data)",
  ],
  [
    'generate-bundle',
    'there are no bundles: a site is its manifests',
    "write them with 'drawbridge site|listener|connector generate', use them with 'drawbridge system apply -f FILE'",
  ],
];

/** Adds the verbs to their group. */
export function addSystem(group: Command, io: CliIo): void {
  addFileVerb(group, io, {
    name: 'apply',
    description: 'create or change the objects of a file',
    deed: applyAll,
    verb: 'added',
    end: 'Custom resources are applied.',
  });
  addFileVerb(group, io, {
    name: 'delete',
    description: 'remove the objects of a file',
    deed: deleteAll,
    verb: 'deleted',
    end: 'Custom resources deleted.',
  });
  for (const [name, why, todo] of otherWays) {
    group
      .command(name, { hidden: true })
      .argument('[anything...]')
      .allowUnknownOption(true)
      .action(() => {
        throw usageError([`'system ${name}' is not a verb of drawbridge: ${why}`], todo);
      });
  }
}

interface FileVerb {
  readonly name: 'apply' | 'delete';
  readonly description: string;
  readonly deed: (session: Session, wanted: readonly Wanted[]) => Promise<readonly KubeObject[]>;
  /** Said of each object. */
  readonly verb: string;
  /** Said at the end. */
  readonly end: string;
}

function addFileVerb(group: Command, io: CliIo, { name, description, ...rest }: FileVerb): void {
  group
    .command(name)
    .description(description)
    .option('-f, --filename <file>', 'YAML or JSON file, - for standard input')
    .allowExcessArguments(true)
    .addHelpText('after', `\nExamples:\n  drawbridge system ${name} -f site.yaml -n west`)
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FileFlags>();
      const problems = new Problems();
      const { filename = '' } = flags;
      if (filename === '') problems.add('file name must be configured');
      if (command.args.length > 0) problems.add('this command does not need any arguments');
      problems.throwIfAny(`name the file with -f; see 'drawbridge system ${name} --help'`);
      const format = readFormat(flags);
      const wanted = await readWanted(filename, io);
      const done = await withSession(io, flags, (session) => rest.deed(session, wanted));
      if (format !== 'table') io.stdout.write(renderList(done, format));
      else {
        const lines = done.map(({ kind, metadata }) => `${kind} ${metadata.name} ${rest.verb}`);
        io.stdout.write([...lines, rest.end].map((line) => `${line}\n`).join(''));
      }
    });
}
