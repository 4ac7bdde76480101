/** `gateway recordings`: what was recorded of terminals, looked at where the files are. */
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { dataHome, locateApi } from '../../api/locate.ts';
import {
  exportRecording,
  recordingFacts,
  recordingsIn,
  removeRecordings,
} from '../../deeds/gateway/recordings.ts';
import { verifyRecordings } from '../../deeds/gateway/verify-recordings.ts';
import { playRecording } from '../../deeds/gateway/play-recording.ts';
import { noArguments } from '../../input/arguments.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo, Outcome } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';
import {
  recordingDocument,
  recordingWords,
  renderRecordings,
} from '../../output/recording/recordings.ts';

interface PlaceFlags extends GlobalFlags {
  readonly dir?: string;
  readonly keyFile?: string;
}

/** Adds the group. */
export function addGatewayRecordings(group: Command, io: CliIo, outcome: Outcome): void {
  const recordings = group.command('recordings').description('recorded terminals');
  addList(recordings, io);
  addShow(recordings, io);
  addPlay(recordings, io);
  addExport(recordings, io);
  addVerify(recordings, io, outcome);
  addDelete(recordings, io);
}

function withPlace(command: Command): Command {
  return command
    .option('--dir <dir>', 'folder of the recordings (default: of the running drawbridge up)')
    .option('--key-file <file>', 'keys that open them (default: recordings.key in the folder)')
    .allowExcessArguments(true);
}

function addList(group: Command, io: CliIo): void {
  withPlace(group.command('list'))
    .description('show recordings: when, how long, by which grant, of what')
    .addHelpText('after', '\nExamples:\n  drawbridge gateway recordings list')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PlaceFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      problems.throwIfAny("see 'drawbridge gateway recordings list --help'");
      const format = readFormat(flags);
      const { recordings, unreadable } = await recordingsIn(await placeOf(io, flags));
      if (format === 'table') io.stdout.write(renderRecordings(recordings));
      else io.stdout.write(renderDocument(recordings.map(recordingDocument), format));
      for (const name of unreadable) {
        io.stderr.write(`${name} cannot be read: it was changed, or sealed with another key\n`);
      }
    });
}

function addShow(group: Command, io: CliIo): void {
  withPlace(group.command('show <name>'))
    .description('show one recording, with the hash that the audit log has')
    .addHelpText(
      'after',
      `
The hash is that of the file, as sha256sum prints it: the record of the session in the audit log has
the same one when nobody changed the file.

Examples:
  drawbridge gateway recordings show 20270131T080000Z-6d1f0a2b`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PlaceFlags>();
      const name = nameIn(command, 'show');
      const format = readFormat(flags);
      const facts = await recordingFacts(await placeOf(io, flags), name);
      io.stdout.write(
        format === 'table'
          ? recordingWords(facts)
          : renderDocument(recordingDocument(facts), format),
      );
    });
}

function addPlay(group: Command, io: CliIo): void {
  withPlace(group.command('play <name>'))
    .description('play one recording in this terminal')
    .option('--speed <factor>', 'how much faster than it was', '1')
    .option('--idle-max <duration>', 'longest pause', '2s')
    .addHelpText(
      'after',
      `
What programs sent to the terminal itself, such as titles and clipboards, is left out.

Examples:
  drawbridge gateway recordings play 20270131T080000Z-6d1f0a2b --speed 4`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<
        PlaceFlags & { readonly speed: string; readonly idleMax: string }
      >();
      const name = nameIn(command, 'play');
      const problems = new Problems();
      const speed = Number(flags.speed);
      if (!(speed > 0 && speed <= 1000)) {
        problems.add(`--speed is not valid: "${flags.speed}" is no number above 0, up to 1000`);
      }
      const idle = readDuration('--idle-max', flags.idleMax, 0);
      if ('problem' in idle) problems.add(idle.problem);
      problems.throwIfAny("see 'drawbridge gateway recordings play --help'");
      const idleMsMax = 'value' in idle ? idle.value : 0;
      await playRecording(io, await placeOf(io, flags), name, { speed, idleMsMax });
    });
}

function addExport(group: Command, io: CliIo): void {
  withPlace(group.command('export <name>'))
    .description('print one recording as asciicast v2, for other players')
    .addHelpText(
      'after',
      `
Examples:
  drawbridge gateway recordings export 20270131T080000Z-6d1f0a2b > session.cast`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PlaceFlags>();
      const name = nameIn(command, 'export');
      await exportRecording(await placeOf(io, flags), name, (text) => {
        io.stdout.write(text);
      });
    });
}

function addVerify(group: Command, io: CliIo, outcome: Outcome): void {
  withPlace(group.command('verify [names...]'))
    .description('check recordings against the audit log; all of them without names')
    .option('--audit-file <files...>', 'the audit log; of a rotated one all files, oldest first')
    .addHelpText(
      'after',
      `
Examples:
  drawbridge gateway recordings verify --audit-file /var/log/drawbridge/gateway.jsonl
  drawbridge gateway recordings verify 20270131T080000Z-6d1f0a2b --audit-file gateway.jsonl`,
    )
    .action(async (names: readonly string[], _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<
        PlaceFlags & { readonly auditFile?: readonly string[] }
      >();
      const problems = new Problems();
      const { auditFile = [] } = flags;
      if (auditFile.length === 0) problems.add('--audit-file must be given');
      problems.throwIfAny("see 'drawbridge gateway recordings verify --help'");
      const logs = auditFile.map((file) => resolve(file));
      const verdicts = await verifyRecordings(await placeOf(io, flags), names, logs);
      for (const { name, words } of verdicts) io.stdout.write(`${name} ${words}\n`);
      if (verdicts.length === 0) io.stdout.write('There are no recordings, so nothing is proved\n');
      if (verdicts.length === 0 || verdicts.some(({ holds }) => !holds)) outcome.exitCode = 1;
    });
}

function addDelete(group: Command, io: CliIo): void {
  withPlace(group.command('delete [names...]'))
    .description('remove recordings for good')
    .option('--older-than <duration>', 'all that began longer ago than this, instead of names')
    .addHelpText(
      'after',
      `
Examples:
  drawbridge gateway recordings delete 20270131T080000Z-6d1f0a2b
  drawbridge gateway recordings delete --older-than 720h`,
    )
    .action(async (_names: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PlaceFlags & { readonly olderThan?: string }>();
      const problems = new Problems();
      const { olderThan } = flags;
      if (command.args.length > 0 === (olderThan !== undefined)) {
        problems.add('give either names or --older-than');
      }
      const age = olderThan === undefined ? undefined : readDuration('--older-than', olderThan, 0);
      if (age !== undefined && 'problem' in age) problems.add(age.problem);
      problems.throwIfAny("see 'drawbridge gateway recordings delete --help'");
      const olderThanMs = age !== undefined && 'value' in age ? age.value : undefined;
      const which = olderThanMs === undefined ? { names: command.args } : { olderThanMs };
      const removed = await removeRecordings(await placeOf(io, flags), which, Date.now());
      for (const name of removed) io.stdout.write(`Recording ${name} is removed\n`);
      if (removed.length === 0) io.stdout.write('Nothing to remove\n');
    });
}

function nameIn(command: Command, verb: string): string {
  const problems = new Problems();
  const [name = '', ...more] = command.args;
  if (name === '') problems.add('recording name must not be empty');
  if (more.length > 0) problems.add('only one argument is allowed for this command.');
  problems.throwIfAny(`see 'drawbridge gateway recordings ${verb} --help'`);
  return name;
}

/** The folder that was named, or that of the `up` which other verbs would talk to. */
async function placeOf(io: CliIo, flags: PlaceFlags) {
  const directory = flags.dir === undefined ? await usualFolder(io, flags) : resolve(flags.dir);
  const keyPath = flags.keyFile === undefined ? undefined : resolve(flags.keyFile);
  return { directory, ...(keyPath === undefined ? {} : { keyPath }) };
}

async function usualFolder(io: CliIo, flags: GlobalFlags): Promise<string> {
  const { path } = await locateApi(io, flags).catch(() => ({ path: undefined }));
  return join(path === undefined ? dataHome(io) : dirname(path), 'recordings');
}
