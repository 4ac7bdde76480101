/**
 * The token file: an AccessToken manifest that kubectl apply takes as well, with annotations that
 * tell people what it is. Whoever has the file can join the network, so only its owner may read it.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '#base/errors.ts';
import { apiVersionOf, isRecord, yamlText } from '#kube/index.ts';
import { CliError, usageError } from '../errors.ts';
import { nameProblems } from '../input/name.ts';
import type { CliIo } from '../io.ts';
import { claimTokenIn, isClaimManifest } from './claim-file.ts';
import { accessToken, type AccessToken, type Secret } from './kinds.ts';
import { documentsIn, readTextFile } from './manifest-file.ts';
import { annotationsFor, notesIn, type TokenNotes } from './token-notes.ts';

/** Only the owner may read a token. */
const fileMode = 0o600;

/** The manifest of a token. */
export function tokenManifest(
  name: string,
  spec: NonNullable<AccessToken['spec']>,
  notes: TokenNotes,
): AccessToken {
  return {
    apiVersion: apiVersionOf(accessToken),
    kind: accessToken.kind,
    metadata: {
      name,
      annotations: annotationsFor(notes),
    },
    spec,
  };
}

/** The file's text: what it is, in words, then the manifest. */
export function renderToken(token: AccessToken | Secret, notes: TokenNotes): string {
  const uses = notes.uses === 1 ? 'once' : `${notes.uses} times`;
  return [
    `# Access token of site ${notes.site}. Whoever has it can link a site to that one, ${uses},`,
    `# until ${notes.expires}. Protect it, and delete it when it has been used.`,
    yamlText(token),
  ].join('\n');
}

/**
 * Makes sure that a token can be written before anything is created for it.
 * @throws CliError CLI_USAGE for a path that cannot be a file
 */
export async function checkTokenPath(path: string, what = 'token file name'): Promise<void> {
  const todo = 'name a file in a folder that exists and that you may write to';
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) throw usageError([`${what} is a directory`], todo);
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (thrown) {
    throw usageError([`invalid ${what}: ${messageOf(thrown)}`], todo);
  }
}

/** Writes the file whole or not at all, with mode 0600. @throws CliError CLI_FILE */
export async function writeToken(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const file = await open(draft, 'wx', fileMode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw new CliError('CLI_FILE', `token file ${path} cannot be written: ${messageOf(thrown)}`, {
      todo: 'check the folder and its free space; the grant exists and another file can be issued',
      cause: thrown,
    });
  }
}

/**
 * Reads a token from a file, or from standard input when `path` is `-`.
 * @throws CliError CLI_USAGE when there is no such file, CLI_FILE when it holds no token
 */
export async function readToken(path: string, io: Pick<CliIo, 'readStdin'>): Promise<AccessToken> {
  const todo = 'name the file that token issue has written, or - for standard input';
  const named = await readTextFile(path, io, todo, unreadable);
  return parseToken(named.text, named.path);
}

/** The token in a YAML or JSON text. @throws CliError CLI_FILE saying what is wrong and where */
export function parseToken(text: string, path: string): AccessToken {
  const values = documentsIn({ text, path }, unreadable);
  const [value] = values.filter((each) => each !== null);
  if (values.length !== 1) throw unreadable(path, `it holds ${values.length} documents, not one`);
  return isClaimManifest(value) ? claimTokenIn(value, path, unreadable) : tokenIn(value, path);
}

/** The token in a manifest. @throws CliError CLI_FILE saying what is wrong */
export function tokenIn(value: unknown, path: string): AccessToken {
  if (!isRecord(value)) throw unreadable(path, 'it is not a manifest');
  const { apiVersion, kind, metadata, spec } = value;
  if (kind !== accessToken.kind || apiVersion !== apiVersionOf(accessToken)) {
    const found = `${String(kind)} of ${String(apiVersion)}`;
    throw unreadable(
      path,
      `it holds ${found}, not ${accessToken.kind} of ${apiVersionOf(accessToken)}`,
    );
  }
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  if (typeof name !== 'string' || name === '') throw unreadable(path, 'metadata.name is missing');
  const [misnamed] = nameProblems('metadata.name', name);
  if (misnamed !== undefined) throw unreadable(path, misnamed);
  if (!isRecord(spec)) throw unreadable(path, 'spec is missing');
  const { url, code, ca, linkCost } = spec;
  const url_ = textField(url, 'url', path);
  if (!URL.canParse(url_)) throw unreadable(path, 'spec.url is not a URL');
  if (new URL(url_).protocol !== 'https:') throw unreadable(path, 'token url scheme must be https');
  return {
    apiVersion: apiVersionOf(accessToken),
    kind: accessToken.kind,
    metadata: { name, ...notesKept(metadata) },
    spec: {
      url: url_,
      code: textField(code, 'code', path),
      ca: textField(ca, 'ca', path),
      ...(typeof linkCost === 'number' && Number.isInteger(linkCost) ? { linkCost } : {}),
    },
  };
}

function notesKept(metadata: unknown): { annotations?: Record<string, string> } {
  const annotations = notesIn(isRecord(metadata) ? metadata['annotations'] : undefined);
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}

function textField(value: unknown, field: string, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw unreadable(path, `spec.${field} is missing`);
}

function unreadable(path: string, why: string): CliError {
  return new CliError('CLI_FILE', `${path} is not a token: ${why}`, {
    todo: 'use a file written by token issue or token create, or an AccessToken manifest',
  });
}
