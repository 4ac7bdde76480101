/** Reads files with manifests that strangers wrote: bounded, without aliases, plain values only. */
import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import { isRecord } from '#kube/index.ts';
import { type Document, parseAllDocuments } from 'yaml';
import { CliError, usageError } from '../errors.ts';
import type { CliIo } from '../io.ts';

/** Largest file that is read; bytes. */
const fileBytesMax = 256 * 1024;
/** Most manifests in one file. */
const manifestsMax = 32;

/** Makes the error for a file that holds something else; `why` completes the sentence. */
export type Unreadable = (path: string, why: string) => CliError;

/** A text and the name it goes by in messages. */
export interface NamedText {
  readonly text: string;
  readonly path: string;
}

/**
 * The text of a token or manifest file, or of standard input when `path` is `-`.
 * @param todo what to do when there is no such file
 * @param what such as `token file`
 * @throws CliError CLI_USAGE when there is no such file; what `unreadable` makes for a large one
 */
export async function readTextFile(
  path: string,
  io: Pick<CliIo, 'readStdin'>,
  todo: string,
  unreadable: Unreadable,
  what = 'token file',
): Promise<NamedText> {
  if (path === '-') return { text: await io.readStdin(fileBytesMax), path: 'standard input' };
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw usageError([`${what} is a directory: ${path}`], todo);
    if (facts.size > fileBytesMax) throw unreadable(path, `more than ${fileBytesMax} bytes`);
    return { text: await readFile(path, 'utf8'), path };
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    throw usageError([`${what} does not exist: ${messageOf(thrown)}`], todo);
  }
}

/**
 * The documents of a YAML or JSON text; those that are empty are null.
 * @throws what `unreadable` makes
 */
export function documentsIn({ text, path }: NamedText, unreadable: Unreadable): unknown[] {
  if (Buffer.byteLength(text) > fileBytesMax)
    throw unreadable(path, `more than ${fileBytesMax} bytes`);
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.length === 0) throw unreadable(path, 'it is empty');
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined) throw unreadable(path, fault.message.split('\n')[0] ?? '');
  return documents.map((document) => plainValue(document, path, unreadable));
}

/** The manifests of a text, with those of Lists in their place. @throws what `unreadable` makes */
export function manifestsIn(named: NamedText, unreadable: Unreadable): Record<string, unknown>[] {
  const found = documentsIn(named, unreadable)
    .filter((value) => value !== null)
    .flatMap((value) => {
      const items = isRecord(value) && value['kind'] === 'List' ? value['items'] : undefined;
      return Array.isArray(items) ? (items as unknown[]) : [value];
    });
  const { path } = named;
  if (found.length === 0) throw unreadable(path, 'it is empty');
  if (found.length > manifestsMax) throw unreadable(path, `more than ${manifestsMax} manifests`);
  return found.map((value) => {
    if (!isRecord(value)) throw unreadable(path, 'it is not a manifest');
    return value;
  });
}

/** Aliases are refused: a token needs none, and they can make a small file huge. */
function plainValue(document: Document.Parsed, path: string, unreadable: Unreadable): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (thrown) {
    throw unreadable(path, messageOf(thrown));
  }
}
