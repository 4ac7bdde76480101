/** `status`: the site and how many others it is linked to, in one sentence. */
import type { Command } from 'commander';
import type { Site } from '../api/kinds.ts';
import { withSession } from '../api/session.ts';
import { statusOf } from '../api/status.ts';
import { type LinkedSite, linkedSites } from '../deeds/linked-sites.ts';
import { sitesOf } from '../deeds/site.ts';
import { noArguments } from '../input/arguments.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';
import { renderDocument } from '../output/document.ts';
import { noSiteSentence, siteSentence } from '../output/site-sentence.ts';
import { renderTable } from '../output/table.ts';

type StatusFlags = GlobalFlags & { readonly verbose: boolean };

const directions: Readonly<Record<LinkedSite['direction'], string>> = {
  out: 'outgoing',
  in: 'incoming',
  both: 'both',
};

/** Makes the command. */
export function addStatusVerb(verb: Command, io: CliIo): void {
  verb
    .option('-v, --verbose', 'also list the linked sites', false)
    .allowExcessArguments(true)
    .addHelpText('after', '\nExamples:\n  drawbridge status -n west\n  drawbridge status -v')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<StatusFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      problems.throwIfAny("see 'drawbridge status --help'");
      const format = readFormat(flags);
      const found = await withSession(io, flags, async (session) => {
        const sites = await sitesOf(session);
        return { namespace: session.namespace, site: activeOf(sites) };
      });
      const { namespace, site } = found;
      if (format !== 'table') {
        io.stdout.write(renderDocument(statusDocument(namespace, site), format));
      } else if (site === undefined) {
        io.stdout.write(`${noSiteSentence(namespace)}\n`);
      } else {
        io.stdout.write(statusText(namespace, site, flags.verbose));
      }
    });
}

/** The Site in use; another one of the namespace is in error. */
function activeOf(sites: readonly Site[]): Site | undefined {
  return sites.find((site) => site.status?.endpoints ?? site.status?.network) ?? sites[0];
}

function modeOf(site: Site): 'interior' | 'edge' {
  return site.spec?.edge === true ? 'edge' : 'interior';
}

function statusText(namespace: string, site: Site, verbose: boolean): string {
  const linked = linkedSites(site);
  const { status, message = 'no status yet' } = statusOf(site);
  const lines = [siteSentence({ namespace, mode: modeOf(site), linked: linked.length })];
  if (status !== 'Ready') lines.push(`Site "${site.metadata.name}" is not ready: ${message}`);
  const routers = routersSentence(site);
  if (routers !== undefined) lines.push(routers);
  const rows = linked.map((each) => [
    each.name,
    each.namespace,
    directions[each.direction],
    each.id,
  ]);
  const table =
    verbose && rows.length > 0
      ? `\n${renderTable(['SITE', 'NAMESPACE', 'LINK', 'SITE ID'], rows)}`
      : '';
  return `${lines.join('\n')}\n${table}`;
}

/** How the routers of a site with several are. */
function routersSentence(site: Site): string | undefined {
  const running = statusOf(site).conditions?.find(({ type }) => type === 'Running');
  if (site.spec?.ha !== true || running?.status !== 'True') return undefined;
  const { message = 'OK' } = running;
  return message === 'OK' ? 'Both of its routers are ready.' : `${message}.`;
}

/** The same facts for programs. */
function statusDocument(namespace: string, site: Site | undefined): Record<string, unknown> {
  if (site === undefined) return { namespace, enabled: false };
  const { status = '', message = '' } = statusOf(site);
  return {
    namespace,
    enabled: true,
    site: site.metadata.name,
    siteId: site.metadata.uid ?? '',
    mode: modeOf(site),
    status,
    message,
    linkedSites: linkedSites(site).map(({ id, name, namespace: place, direction }) => ({
      id,
      name,
      namespace: place,
      direction: directions[direction],
    })),
  };
}
