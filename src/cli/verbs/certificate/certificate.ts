/** `certificate`: flags, help and output of the certificate verbs. */
import type { Command } from 'commander';
import { withSession } from '../../api/session.ts';
import {
  certificateOf,
  certificatesOf,
  rotate,
  rotatingOf,
} from '../../deeds/certificate/rotate.ts';
import { optionalName } from '../../input/arguments.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { announce } from '../../output/announce.ts';
import { renderCertificates } from './table.ts';
import { renderList } from '../../output/objects.ts';

interface RotateFlags extends GlobalFlags {
  readonly overlap?: string;
  readonly timeout: string;
}

const timeoutMsMin = 1000;

/** Adds the verbs to their group. */
export function addCertificate(group: Command, io: CliIo): void {
  addStatus(group, io);
  addRotate(group, io);
}

function addStatus(group: Command, io: CliIo): void {
  group
    .command('status [name]')
    .description('list certificates with their end, and CAs that get a new key')
    .allowExcessArguments(true)
    .addHelpText('after', '\nExamples:\n  drawbridge certificate status -n west')
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const problems = new Problems();
      const name = optionalName(problems, 'certificate', command.args);
      problems.throwIfAny("see 'drawbridge certificate status --help'");
      const format = readFormat(flags);
      const found = await withSession(io, flags, async (session) =>
        name === undefined ? await certificatesOf(session) : [await certificateOf(session, name)],
      );
      io.stdout.write(format === 'table' ? renderCertificates(found) : renderList(found, format));
    });
}

function addRotate(group: Command, io: CliIo): void {
  group
    .command('rotate [name]')
    .description('give a CA a new key; old and new are trusted until all certificates are replaced')
    .option('--overlap <duration>', 'how long the old CA is trusted at most')
    .option('--timeout <duration>', 'how long to wait until the new key signs', '120s')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Without a name the CA that signs for links of the site. Linked sites trust the new CA before it
signs, and no connection is closed. Who cannot follow is named.

Examples:
  drawbridge certificate rotate -n west
  drawbridge certificate rotate skupper-local-ca --overlap 24h -n west`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RotateFlags>();
      const problems = new Problems();
      const name = optionalName(problems, 'certificate', command.args);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      const { overlap } = flags;
      if (overlap !== undefined) problems.take(readDuration('overlap', overlap, 0));
      problems.throwIfAny("see 'drawbridge certificate rotate --help'");
      const format = readFormat(flags);
      const rotated = await withSession(io, flags, async (session) =>
        rotate(session, { name, overlap, timeoutMs }),
      );
      const said = `CA "${rotated.metadata.name}": ${rotatingOf(rotated)}`;
      announce(io, format, rotated, said);
    });
}
