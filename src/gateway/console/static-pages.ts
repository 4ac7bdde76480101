/**
 * A user's own web application, instead of the console: the files of a folder as they were when the
 * gateway started. Nothing else is ever read: no listing, no hidden file, no way out by a link.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, relative, sep } from 'node:path';
import { messageOf } from '#base/errors.ts';
import { GatewayError } from '../errors.ts';
import type { PageSource } from '../http/page-source.ts';
import { type Asset, assetOf, sendAsset } from './asset.ts';
import { foreignPageHeaders } from './page-headers.ts';

/** Files and bytes in all: they are kept in memory. */
const filesMax = 2000;
const bytesMax = 64 * 1024 * 1024;

export class StaticPages implements PageSource {
  readonly #assets: ReadonlyMap<string, Asset>;

  private constructor(assets: ReadonlyMap<string, Asset>) {
    this.#assets = assets;
  }

  /** @throws GatewayError GATEWAY_CONFIG when the folder cannot be read or holds too much */
  static async load(folder: string): Promise<StaticPages> {
    const assets = new Map<string, Asset>();
    let bytes = 0;
    for (const path of await filesOf(folder)) {
      const name = relative(folder, path).split(sep).join('/');
      const body = await readFile(path);
      bytes += body.length;
      if (assets.size === filesMax || bytes > bytesMax) {
        throw unusable(folder, `more than ${filesMax} files or ${bytesMax} bytes`);
      }
      const asset = assetOf(name, body);
      if (asset !== undefined) assets.set(`/${name}`, asset);
    }
    return new StaticPages(assets);
  }

  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const asset = this.#assets.get(path.endsWith('/') ? `${path}index.html` : path);
    if (asset === undefined) return false;
    sendAsset(request, response, asset, foreignPageHeaders);
    return true;
  }
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    if (!(await stat(folder)).isDirectory()) throw unusable(folder, 'it is not a folder');
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    // Links are neither files nor folders here, so they are left out.
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (path) =>
          !relative(folder, path)
            .split(sep)
            .some((part) => part.startsWith('.')),
      )
      .toSorted();
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    throw unusable(folder, messageOf(thrown));
  }
}

function unusable(folder: string, why: string): GatewayError {
  return new GatewayError('GATEWAY_CONFIG', `the folder of pages ${folder} cannot be used: ${why}`);
}
