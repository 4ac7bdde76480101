/** The console: the page that a link opens, the application behind it, and what both load. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '#base/log.ts';
import { messageOf } from '#base/errors.ts';
import { sendText } from '#http/index.ts';
import type { PageSource } from '../http/page-source.ts';
import { type Asset, sendAsset } from './asset.ts';
import { loadConsoleAssets } from './assets.ts';
import { pageHeaders, partHeaders } from './page-headers.ts';

/** Where links lead: `https://host/l#CODE`. */
export const linkPath = '/l';
const mount = '/console/';

/** Files of the console by the paths of pages. */
export type PagePaths = Readonly<Record<string, string>>;

const pagePathsDefault: PagePaths = { '/': 'index.html', [linkPath]: 'link.html' };

export class ConsolePages implements PageSource {
  readonly #log: Logger;
  readonly #paths: PagePaths;
  /** Loaded when the first browser comes: who never has one pays nothing. */
  #assets: Promise<ReadonlyMap<string, Asset>> | undefined;

  constructor(log: Logger, paths: PagePaths = pagePathsDefault) {
    this.#log = log;
    this.#paths = paths;
  }

  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const name = this.#nameOf(path);
    if (name === undefined) return false;
    this.#answer(name, request, response).catch((thrown: unknown) => {
      this.#assets = undefined;
      this.#log.error('the console cannot be loaded', { reason: messageOf(thrown) });
      sendText(response, 500, 'the console cannot be loaded\n');
    });
    return true;
  }

  /** The file of a path; undefined when the path is not one of the console. */
  #nameOf(path: string): string | undefined {
    if (Object.hasOwn(this.#paths, path)) return this.#paths[path];
    return path.startsWith(mount) ? path.slice(mount.length) : undefined;
  }

  async #answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#assets ??= loadConsoleAssets();
    const asset = (await this.#assets).get(name);
    if (asset === undefined) sendText(response, 404, 'there is no such page\n');
    else sendAsset(request, response, asset, name.endsWith('.html') ? pageHeaders : partHeaders);
  }
}
