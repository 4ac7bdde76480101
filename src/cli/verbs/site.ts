/** `site`: flags, help and output of the site verbs. */
import { type Command, Option } from 'commander';
import { withSession } from '../api/session.ts';
import { settle } from '../deeds/change.ts';
import {
  createNamespace,
  createSite,
  deleteSite,
  linkAccessTypeAlone,
  type SiteWish,
  siteManifest,
  sitesOf,
  updateSite,
} from '../deeds/site.ts';
import { noArguments, optionalName, requiredName } from '../input/arguments.ts';
import { readDuration } from '../input/duration.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { choiceProblems } from '../input/name.ts';
import { Problems } from '../input/problems.ts';
import { readWaiting } from '../input/waiting.ts';
import type { CliIo } from '../io.ts';
import { site } from '../api/kinds.ts';
import { inNamespace, renderList, renderManifests, renderObject } from '../output/objects.ts';
import { renderSites } from '../output/site.ts';
import { announce } from '../output/announce.ts';

interface AccessFlags extends GlobalFlags {
  readonly enableLinkAccess?: boolean;
  readonly linkAccessType?: string;
  readonly enableHa?: boolean;
}

interface WaitFlags {
  readonly timeout: string;
  readonly wait: string;
}

type CreateFlags = AccessFlags & WaitFlags & { readonly createNamespace: boolean };

interface DeleteFlags extends GlobalFlags {
  readonly all: boolean;
  readonly timeout: string;
  readonly wait: boolean;
}

const accessTypes = [
  'default',
  'route',
  'loadbalancer',
  'nodeport',
  'ingress',
  'ingress-nginx',
  'contour-http-proxy',
  'gateway',
  'local',
];

/** Adds the verbs to their group. */
export function addSite(group: Command, io: CliIo): void {
  addCreate(group, io);
  addUpdate(group, io);
  addStatus(group, io);
  addDelete(group, io);
  addGenerate(group, io);
}

function addCreate(group: Command, io: CliIo): void {
  withAccess(group.command('create [name]'))
    .description('create the site of a namespace')
    .option('--create-namespace', 'create the namespace too when it is not there', false)
    .option('--timeout <duration>', 'how long to wait', '3m')
    .option('--wait <status>', 'wait for ready, configured or none', 'ready')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Examples:
  drawbridge site create west --enable-link-access -n west
  drawbridge site create east -n east --create-namespace`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CreateFlags>();
      const problems = new Problems();
      const wish = readWish(problems, command.args, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge site create --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        if (flags.createNamespace) await createNamespace(session);
        const made = await createSite(session, wish);
        const settled = (await settle(session, site, wish.name, waiting)) ?? made;
        const state = waiting.goal === 'none' ? 'created' : waiting.goal;
        announce(io, format, settled, `Site "${wish.name}" is ${state}.`);
      });
    });
}

function addUpdate(group: Command, io: CliIo): void {
  withAccess(group.command('update [name]'), true)
    .description('change the site; what is not given stays as it is')
    .option('--timeout <duration>', 'how long to wait', '30s')
    .option('--wait <status>', 'wait for ready, configured or none', 'ready')
    .allowExcessArguments(true)
    .addHelpText('after', '\nExamples:\n  drawbridge site update --enable-link-access -n east')
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AccessFlags & WaitFlags>();
      const problems = new Problems();
      const name = optionalName(problems, 'site', command.args);
      problems.add(...accessTypeProblems(flags.linkAccessType));
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge site update --help'");
      const format = readFormat(flags);
      const { enableLinkAccess, linkAccessType, enableHa } = flags;
      await withSession(io, flags, async (session) => {
        const changed = await updateSite(session, name, {
          ...(enableLinkAccess === undefined ? {} : { linkAccessEnabled: enableLinkAccess }),
          ...(linkAccessType === undefined ? {} : { linkAccessType }),
          ...(enableHa === undefined ? {} : { ha: enableHa }),
        });
        const settled = await settle(session, site, changed.metadata.name, waiting);
        announce(io, format, settled ?? changed, `Site "${changed.metadata.name}" is updated`);
      });
    });
}

function addStatus(group: Command, io: CliIo): void {
  group
    .command('status')
    .description('show the site, its endpoints and the sites it can reach')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      '\nExamples:\n  drawbridge site status -n west\n  drawbridge site status -o yaml',
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      problems.throwIfAny("see 'drawbridge site status --help'");
      const format = readFormat(flags);
      const sites = await withSession(io, flags, sitesOf);
      const [only] = sites;
      if (format === 'table') {
        if (only === undefined) io.stderr.write('There is no existing Skupper site resource\n');
        else io.stdout.write(renderSites(sites));
      } else if (only !== undefined && sites.length === 1) {
        io.stdout.write(renderObject(only, format));
      } else io.stdout.write(renderList(sites, format));
    });
}

function addDelete(group: Command, io: CliIo): void {
  group
    .command('delete [name]')
    .description('remove the site and what it made')
    .option('--all', 'also connectors, listeners, tokens, grants and whatever else is ours', false)
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--wait', 'wait until it is gone (default)', true)
    .option('--no-wait', 'do not wait')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      '\nExamples:\n  drawbridge site delete -n east\n  drawbridge site delete west --all',
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<DeleteFlags>();
      const problems = new Problems();
      const name = optionalName(problems, 'site', command.args);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, 10_000)) ?? 0;
      problems.throwIfAny("see 'drawbridge site delete --help'");
      const deleted = await withSession(io, flags, (session) =>
        deleteSite(session, { name, all: flags.all, timeoutMs: flags.wait ? timeoutMs : 0 }),
      );
      io.stdout.write(`Site "${deleted}" is deleted\n`);
    });
}

function addGenerate(group: Command, io: CliIo): void {
  withAccess(group.command('generate [name]'))
    .description('print the manifest of a site (default -o yaml)')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      '\nExamples:\n  drawbridge site generate west --enable-link-access > west.yaml',
    )
    .action((_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AccessFlags>();
      const problems = new Problems();
      const wish = readWish(problems, command.args, flags);
      problems.throwIfAny("see 'drawbridge site generate --help'");
      const format = readFormat(flags, 'yaml') === 'json' ? 'json' : 'yaml';
      io.stdout.write(renderManifests([inNamespace(siteManifest(wish), flags.namespace)], format));
    });
}

function withAccess(command: Command, forUpdate = false): Command {
  return command
    .option('--enable-link-access', 'let other sites link to this one')
    .option('--link-access-type <type>', 'how links come in: default, route, loadbalancer, …')
    .option('--enable-ha', 'two routers instead of one')
    .addOption(
      new Option('--no-enable-link-access', 'take no links from other sites').hideHelp(!forUpdate),
    )
    .addOption(new Option('--no-enable-ha', 'one router').hideHelp(!forUpdate));
}

function readWish(problems: Problems, args: readonly string[], flags: AccessFlags): SiteWish {
  const name = requiredName(problems, 'site', args);
  const { enableLinkAccess = false, linkAccessType } = flags;
  problems.add(...accessTypeProblems(linkAccessType));
  if (linkAccessType !== undefined && !enableLinkAccess) problems.add(linkAccessTypeAlone);
  const linkAccess = enableLinkAccess ? (linkAccessType ?? 'default') : '';
  return { name, linkAccess, ha: flags.enableHa ?? false };
}

function accessTypeProblems(type: string | undefined): string[] {
  return type === undefined ? [] : choiceProblems('link access type', type, accessTypes);
}
