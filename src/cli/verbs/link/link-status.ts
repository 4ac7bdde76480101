/** `link status`: the links of a site as a table, as sentences, or as documents. */
import type { Command } from 'commander';
import type { Link } from '../../api/kinds.ts';
import { withSession } from '../../api/session.ts';
import { type LinkView, viewLinks } from '../../deeds/link-status.ts';
import { issuedLinksOf } from '../../deeds/revoke.ts';
import { CliError } from '../../errors.ts';
import { optionalName } from '../../input/arguments.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, type OutputFormat, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderIncoming } from '../../output/issued-link.ts';
import { renderLinks } from '../../output/link.ts';
import {
  isConnected,
  linkDetails,
  linkSentence,
  renderAllLinks,
} from '../../output/link-sentences.ts';
import { renderList, renderObject } from '../../output/objects.ts';

interface StatusFlags extends GlobalFlags {
  readonly wait: string;
  readonly verbose: boolean;
}

/** Asks for the links of both directions. */
const allLinks = 'all';

/** Adds the verb to its group. */
export function addLinkStatus(group: Command, io: CliIo): void {
  group
    .command('status [name]')
    .description('show one link, the links of the site, or (all) those of both directions')
    .option('--wait <seconds>', 'wait until connected, for so many seconds or a duration', '0')
    .option('-v, --verbose', 'also what is known of each link', false)
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
With --wait, links that are not connected in time are a failure (exit code 1).

Examples:
  drawbridge link status -n east
  drawbridge link status link1 --wait 60
  drawbridge link status all`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<StatusFlags>();
      const problems = new Problems();
      const given = optionalName(problems, 'link', command.args);
      const seconds = /^\d{1,9}$/.test(flags.wait) ? `${flags.wait}s` : flags.wait;
      const waitMs = problems.take(readDuration('wait', seconds, 0)) ?? 0;
      problems.throwIfAny("see 'drawbridge link status --help'");
      const format = readFormat(flags);
      const name = given === allLinks ? undefined : given;
      const isList = given === allLinks && format === 'table';
      const [view, issued] = await withSession(io, flags, async (session) => [
        await viewLinks(session, name, waitMs),
        isList ? await issuedLinksOf(session) : [],
      ]);
      if (waitMs > 0) mustBeConnected(view);
      if (format !== 'table') io.stdout.write(documents(view, name, format));
      else if (given === allLinks) io.stdout.write(renderAllLinks(view.outgoing, view.incoming));
      else if (view.outgoing.length === 0) {
        io.stderr.write('There are no link resources in the namespace\n');
      } else io.stdout.write(texts(view, name, flags.verbose));
      if (issued.length > 0) io.stdout.write(`\n${renderIncoming(issued)}`);
    });
}

function linksIn({ outgoing }: LinkView): Link[] {
  return outgoing.flatMap(({ link }) => (link === undefined ? [] : [link]));
}

function documents(view: LinkView, name: string | undefined, format: OutputFormat): string {
  const kind = format === 'json' ? 'json' : 'yaml';
  const links = linksIn(view);
  const [first, ...others] = links;
  const isOne = name !== undefined && first !== undefined && others.length === 0;
  return isOne ? renderObject(first, kind) : renderList(links, kind);
}

/** A named link is a sentence; all of them a table, then a sentence each. */
function texts(view: LinkView, name: string | undefined, verbose: boolean): string {
  const { outgoing } = view;
  const sentences = outgoing
    .map((one) => `${linkSentence(one)}\n${verbose ? linkDetails(one) : ''}`)
    .join('');
  if (name !== undefined) return sentences;
  const links = linksIn(view);
  return links.length === 0 ? sentences : `${renderLinks(links)}\n${sentences}`;
}

/** @throws CliError CLI_WAIT */
function mustBeConnected({ outgoing }: LinkView): void {
  const late = outgoing.filter((one) => !isConnected(one));
  const [first, ...more] = outgoing.length === 0 ? ['There is no link'] : late.map(linkSentence);
  if (first === undefined) return;
  const [{ link, token } = {}] = late;
  const name = (link ?? token)?.metadata.name ?? '';
  throw new CliError('CLI_WAIT', first, {
    more,
    todo:
      name === ''
        ? "make one with 'drawbridge token redeem FILE'"
        : `it is tried again by itself; 'drawbridge why ${link === undefined ? 'token' : 'link'}/${name}' names the cause`,
  });
}
