/** `gateway list`, `gateway revoke`, `gateway audit verify`: what is open, ending it, proving it. */
import type { Command } from 'commander';
import { messageOf } from '#base/errors.ts';
import { type AuditVerdict, verifyAuditLog } from '#gateway/index.ts';
import { withSession } from '../../api/session.ts';
import { listGrants, type RevokeTarget, revokeGrants } from '../../deeds/gateway/grant.ts';
import { CliError } from '../../errors.ts';
import { noArguments } from '../../input/arguments.ts';
import { type GlobalFlags, readFormat, refuseGlobals } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo, Outcome } from '../../io.ts';
import { isLongOver, renderGrants } from '../../output/gateway-grant.ts';
import { renderList } from '../../output/objects.ts';

interface ListFlags extends GlobalFlags {
  readonly allNamespaces: boolean;
  readonly ended: boolean;
}

interface RevokeFlags extends GlobalFlags {
  readonly allNamespaces: boolean;
  readonly all: boolean;
  readonly user?: string;
}

/** Adds `list`. */
export function addGatewayList(group: Command, io: CliIo): void {
  group
    .command('list')
    .description('show grants: what they open, how often they were used, when they end')
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .option('--ended', 'also those that ended more than an hour ago', false)
    .allowExcessArguments(true)
    .addHelpText('after', '\nExamples:\n  drawbridge gateway list -A')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ListFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      problems.throwIfAny("see 'drawbridge gateway list --help'");
      const format = readFormat(flags);
      const { grants, where } = await withSession(io, flags, async (session) => ({
        grants: await listGrants(session, flags.allNamespaces),
        where: `${session.namespace}; -A shows all namespaces`,
      }));
      if (format !== 'table') {
        io.stdout.write(renderList(grants, format));
        return;
      }
      const nowMs = Date.now();
      const shown = flags.ended ? grants : grants.filter((each) => !isLongOver(each, nowMs));
      const left = grants.length - shown.length;
      if (shown.length > 0) io.stdout.write(renderGrants(shown, flags.allNamespaces, nowMs));
      else if (left === 0) {
        io.stderr.write(
          `There are no grants in ${flags.allNamespaces ? 'any namespace' : where}\n`,
        );
      }
      if (left > 0)
        io.stderr.write(`${left} that ended more than an hour ago: --ended shows them\n`);
    });
}

/** Adds `revoke`. */
export function addGatewayRevoke(group: Command, io: CliIo): void {
  group
    .command('revoke [name]')
    .description('end grants for good, with everything that is open by them')
    .option('--all', 'all of the namespace', false)
    .option('--user <name>', 'those that this user made or that are for this user')
    .option('-A, --all-namespaces', 'of all namespaces, with --all or --user', false)
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Examples:
  drawbridge gateway revoke link-6d1f0a2b -n west
  drawbridge gateway revoke --user alice -A
  drawbridge gateway revoke --all -A`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RevokeFlags>();
      const problems = new Problems();
      const target = targetOf(problems, flags, command.args);
      problems.throwIfAny("see 'drawbridge gateway revoke --help'");
      const format = readFormat(flags);
      const { revoked, before } = await withSession(io, flags, (session) =>
        revokeGrants(session, target, flags.allNamespaces),
      );
      if (format !== 'table') {
        io.stdout.write(renderList(revoked, format));
        return;
      }
      for (const { metadata } of revoked) {
        io.stdout.write(`Grant "${metadata.name}" in ${metadata.namespace ?? ''} is revoked\n`);
      }
      if (revoked.length > 0) return;
      io.stdout.write(
        `Nothing to revoke: ${before === 0 ? 'there are no grants' : 'done before'}\n`,
      );
    });
}

function targetOf(problems: Problems, flags: RevokeFlags, args: readonly string[]): RevokeTarget {
  const [name, ...more] = args;
  const given = [name !== undefined, flags.all, flags.user !== undefined].filter(Boolean).length;
  if (given !== 1 || more.length > 0) problems.add('give one of a name, --all and --user');
  if (flags.user === '') problems.add('--user is not valid: it is empty');
  if (flags.allNamespaces && name !== undefined) {
    problems.add('a name belongs to one namespace: leave --all-namespaces out');
  }
  if (flags.user !== undefined) return { by: 'user', user: flags.user };
  return name === undefined ? { by: 'all' } : { by: 'name', name };
}

/** Adds `audit verify`. */
export function addGatewayAudit(group: Command, io: CliIo, outcome: Outcome): void {
  group
    .command('audit')
    .description('the audit log of the gateway')
    .command('verify <files...>')
    .description('check that no record was changed, removed or moved')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      `
Records taken from the end leave no trace in the file itself: keep the last hash elsewhere, and
compare. A log that was rotated is given as several files, the oldest first.

Examples:
  drawbridge gateway audit verify ~/.local/share/drawbridge/audit/gateway.jsonl
  drawbridge gateway audit verify gateway.jsonl.2 gateway.jsonl.1 gateway.jsonl`,
    )
    .action(async (files: readonly string[], _flags: unknown, command: Command) => {
      refuseGlobals('gateway audit verify', command.optsWithGlobals());
      const verdict = await verifyAuditLog(...files).catch((cause: unknown) => {
        throw new CliError('CLI_FILE', `the audit log cannot be read: ${messageOf(cause)}`, {
          todo: 'check the path and its permissions',
          cause,
        });
      });
      if (verdict.intact && verdict.records > 0) {
        io.stdout.write(auditWords(verdict));
        return;
      }
      io.stdout.write(
        verdict.intact
          ? `${verdict.file} has no record, so nothing is proved\n`
          : `${verdict.file}, line ${verdict.line}: ${verdict.why}\n`,
      );
      outcome.exitCode = 1;
    });
}

/** What a whole chain proves, and what it does not. */
function auditWords({
  records,
  firstSeq,
  lastHash,
  cutLines,
}: AuditVerdict & { intact: true }): string {
  const lines = [`${records} records, intact; the last hash is ${lastHash}`];
  if (firstSeq > 1) lines.push(`They begin with number ${firstSeq}: earlier ones are not in there`);
  if (cutLines.length > 0) {
    lines.push(`Cut short, as by a gateway that was killed: line ${cutLines.join(', ')}`);
  }
  return `${lines.join('\n')}\n`;
}
