/** `debug backup`, `restore` and `rotate-key`: care of the data of `drawbridge up`. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { sealedCollections } from '#apiserver/index.ts';
import {
  backUpStore,
  errorDocs,
  keyPathIn,
  restoreStore,
  rotateKey,
  StoreError,
} from '#store/index.ts';
import { dataHome } from '../../api/locate.ts';
import { CliError } from '../../errors.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { noArguments } from '../../input/arguments.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';

interface DataFlags extends GlobalFlags {
  readonly data?: string;
  readonly keyFile?: string;
  readonly keepOld?: boolean;
}

/** Adds the verbs to their group. */
export function addDebugData(group: Command, io: CliIo): void {
  addBackup(group, io);
  addRestore(group, io);
  addRotateKey(group, io);
}

function addBackup(group: Command, io: CliIo): void {
  withData(group.command('backup [file]'))
    .description('copy the database of drawbridge up, also while it runs')
    .addHelpText(
      'after',
      `
Secrets in the copy are sealed. The key that opens them, secrets.key in the data directory, is not
part of it: keep a copy of that file too, in another place. The folder pki there holds the CA of the
API server; with a copy of it kubeconfigs that were handed out go on working after a restore.

Examples:
  drawbridge debug backup /mnt/backup/monday.db
  drawbridge debug backup west.db --data /var/lib/drawbridge`,
    )
    .action((_file: unknown, _flags: unknown, command: Command) => {
      const { flags, file, data } = read(io, command, 'backup', 'backup file name');
      const facts = careful(() => backUpStore(data, file));
      print(io, flags, facts, () => [
        `${facts.path}: ${facts.objects} objects at revision ${facts.revision}`,
        ...facts.keyIds.map((id) => `sealed with key ${id} from ${keyPathIn(data)}: keep a copy`),
      ]);
    });
}

function addRestore(group: Command, io: CliIo): void {
  withData(group.command('restore [file]'))
    .description('put a backup into a data directory that has no database')
    .option('--key-file <file>', 'keys of the backup (default: secrets.key in --data)')
    .addHelpText(
      'after',
      `
Nothing is overwritten: move the database that is there away first. Put the copy of secrets.key that
belongs to the backup into the data directory before. Every client lists again afterwards.

Examples:
  mkdir -m 700 /var/lib/drawbridge && cp -p /safe/secrets.key /var/lib/drawbridge/
  drawbridge debug restore /mnt/backup/monday.db --data /var/lib/drawbridge`,
    )
    .action((_file: unknown, _flags: unknown, command: Command) => {
      const { flags, file, data } = read(io, command, 'restore', 'backup file name');
      const { keyFile } = flags;
      const options = keyFile === undefined ? {} : { keyPath: resolve(keyFile) };
      const facts = careful(() => restoreStore(file, data, options));
      print(io, flags, facts, () => [
        `${facts.path}: ${facts.objects} objects; revisions go on from ${facts.revision}`,
      ]);
    });
}

function addRotateKey(group: Command, io: CliIo): void {
  withData(group.command('rotate-key'))
    .description('seal the Secrets of a stopped drawbridge up with a new key')
    .option('--keep-old', 'keep the keys before, for the backups that need them', false)
    .addHelpText(
      'after',
      `
Without --keep-old, backups made before can be read only with a copy of secrets.key from then.

Examples:
  drawbridge debug rotate-key
  drawbridge debug rotate-key --keep-old --data /var/lib/drawbridge`,
    )
    .action((_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<DataFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      const directory = dataDirectory(io, flags, problems);
      problems.throwIfAny("see 'drawbridge debug rotate-key --help'");
      const { keepOld = false } = flags;
      const rotation = { directory, sealed: sealedCollections, keepOld };
      const rotated = careful(() => rotateKey(rotation));
      print(io, flags, rotated, () => [
        `${rotated.keyPath}: key ${rotated.keyId} seals from now on: keep a copy`,
        `${keepOld ? 'still in the file' : 'no longer in the file'}: ${rotated.before.join(', ')}`,
      ]);
    });
}

function withData(command: Command): Command {
  return command
    .allowExcessArguments(true)
    .option('--data <dir>', 'the data directory (default: the one drawbridge up uses)');
}

function read(
  io: CliIo,
  command: Command,
  verb: string,
  what: string,
): { readonly flags: DataFlags; readonly file: string; readonly data: string } {
  const flags = command.optsWithGlobals<DataFlags>();
  const problems = new Problems();
  const [file = ''] = command.args;
  if (file === '') problems.add(`${what} must not be empty`);
  if (command.args.length > 1) problems.add('only one argument is allowed for this command.');
  if (flags.keyFile === '') problems.add('--key-file is not valid: it is empty');
  const data = dataDirectory(io, flags, problems);
  problems.throwIfAny(`see 'drawbridge debug ${verb} --help'`);
  return { flags, file: resolve(file), data };
}

function dataDirectory(io: CliIo, { data }: DataFlags, problems: Problems): string {
  if (data === '') problems.add('--data is not valid: it is empty');
  return resolve(data ?? dataHome(io));
}

/** @throws CliError CLI_FILE with the way out */
function careful<T>(deed: () => T): T {
  try {
    return deed();
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    const todo = errorDocs[thrown.code].action;
    throw new CliError('CLI_FILE', thrown.message, { todo, cause: thrown });
  }
}

function print(io: CliIo, flags: DataFlags, facts: object, lines: () => readonly string[]): void {
  const format = readFormat(flags);
  io.stdout.write(
    format === 'table'
      ? lines()
          .map((line) => `${line}\n`)
          .join('')
      : renderDocument(facts, format),
  );
}
