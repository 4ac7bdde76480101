/** What listeners and connectors are asked to do alike: create, update, generate, status, delete. */
import type { Command } from 'commander';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { type Session, withSession } from '../../api/session.ts';
import { settle } from '../../deeds/change.ts';
import { createExposure, updateExposure } from '../../deeds/exposure.ts';
import { requiredName } from '../../input/arguments.ts';
import { readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import { readWaiting } from '../../input/waiting.ts';
import type { CliIo } from '../../io.ts';
import { announce } from '../../output/announce.ts';
import { inNamespace, renderManifests } from '../../output/objects.ts';
import { addDelete } from '../delete.ts';
import { type ExposureFlags, readNameAndPort, withExposureFlags, withWaitFlags } from './flags.ts';
import { addStatus, type StatusView } from './status.ts';

/** Asks something of the API, where a verb may do without. */
export type Ask = <R>(question: (session: Session) => Promise<R>) => Promise<R>;

/** What differs between the two kinds. */
export interface ExposureVerbs<T extends KubeObject, F extends ExposureFlags> {
  readonly of: ResourceDefinition<T>;
  readonly words: {
    readonly create: VerbWords;
    readonly update: VerbWords;
    readonly generate: VerbWords;
    /** What the port of an update is. */
    readonly port: string;
  };
  readonly status: StatusView<T>;
  /** Adds the flags that only this kind has. */
  readonly withFlags: (command: Command) => Command;
  readonly check: (problems: Problems, flags: F) => void;
  /** What only a new object can be asked. */
  readonly checkNew?: (problems: Problems, flags: F) => void;
  readonly manifest: (name: string, port: number, flags: F, ask: Ask) => Promise<T>;
  /** Merge patch of the spec. */
  readonly patch: (flags: F, ask: Ask) => Promise<Record<string, unknown>>;
}

interface VerbWords {
  readonly description: string;
  /** Command lines, without the program's name. */
  readonly examples: readonly string[];
}

type WaitingFlags<F> = F & { readonly timeout: string; readonly wait: string };

/** Adds the verbs of a kind to its group. */
export function addExposureVerbs<T extends KubeObject, F extends ExposureFlags>(
  group: Command,
  io: CliIo,
  kind: ExposureVerbs<T, F>,
): void {
  addCreate(group, io, kind);
  addUpdate(group, io, kind);
  addStatus(group, io, kind.of, kind.status);
  addDelete(group, io, kind.of, (name) => `${kind.of.kind} "${name}" deleted`);
  addGenerate(group, io, kind);
}

function addCreate<T extends KubeObject, F extends ExposureFlags>(
  group: Command,
  io: CliIo,
  { of, words, withFlags, check, checkNew, manifest }: ExposureVerbs<T, F>,
): void {
  withWaitFlags(withFlags(withExposureFlags(group.command('create [name] [port]'))))
    .description(words.create.description)
    .addHelpText('after', examplesOf(words.create))
    .action(async (_name: unknown, _port: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WaitingFlags<F>>();
      const problems = new Problems();
      const { name, port } = readNameAndPort(problems, of.singular, command.args);
      check(problems, flags);
      checkNew?.(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny(`see 'drawbridge ${of.singular} create --help'`);
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const wanted = await manifest(name, port, flags, (question) => question(session));
        const made = await createExposure(session, of, wanted, flags.tlsCredentials);
        const settled = (await settle(session, of, name, waiting)) ?? made;
        const state = waiting.goal === 'none' ? 'created' : waiting.goal;
        announce(io, format, settled, `${of.kind} "${name}" is ${state}.`);
      });
    });
}

function addUpdate<T extends KubeObject, F extends ExposureFlags>(
  group: Command,
  io: CliIo,
  { of, words, withFlags, check, patch }: ExposureVerbs<T, F>,
): void {
  withWaitFlags(withFlags(withExposureFlags(group.command('update [name]'))))
    .description(words.update.description)
    .option('--port <port>', words.port)
    .addHelpText('after', examplesOf(words.update))
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WaitingFlags<F>>();
      const problems = new Problems();
      const name = requiredName(problems, of.singular, command.args);
      check(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny(`see 'drawbridge ${of.singular} update --help'`);
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const spec = await patch(flags, (question) => question(session));
        const changed = await updateExposure(session, of, name, spec);
        const settled = (await settle(session, of, name, waiting)) ?? changed;
        announce(io, format, settled, `${of.kind} "${name}" is updated`);
      });
    });
}

function addGenerate<T extends KubeObject, F extends ExposureFlags>(
  group: Command,
  io: CliIo,
  { of, words, withFlags, check, checkNew, manifest }: ExposureVerbs<T, F>,
): void {
  withFlags(withExposureFlags(group.command('generate [name] [port]')))
    .description(words.generate.description)
    .addHelpText('after', examplesOf(words.generate))
    .action(async (_name: unknown, _port: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<F>();
      const problems = new Problems();
      const { name, port } = readNameAndPort(problems, of.singular, command.args);
      check(problems, flags);
      checkNew?.(problems, flags);
      problems.throwIfAny(`see 'drawbridge ${of.singular} generate --help'`);
      const format = readFormat(flags, 'yaml') === 'json' ? 'json' : 'yaml';
      const ask: Ask = (question) => withSession(io, flags, question);
      const made = inNamespace(await manifest(name, port, flags, ask), flags.namespace);
      io.stdout.write(renderManifests([made], format));
    });
}

function examplesOf({ examples }: VerbWords): string {
  return `\nExamples:${examples.map((line) => `\n  drawbridge ${line}`).join('')}`;
}
