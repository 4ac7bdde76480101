/**
 * The files of the browser console as they are served: our TypeScript with its types taken out, and
 * of the libraries just what a browser loads. Read once, when the first browser comes.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the console. */
export interface ConsoleAsset {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong validator of the content, with its quotes. */
  readonly etag: string;
}

/**
 * What pages of the console may do: load from here, talk to here, and nothing else. Images from data
 * URLs are what a remote screen sends.
 * @spec W3C CSP3
 */
export const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
};

const consoleFolder = fileURLToPath(new URL('../../../console', import.meta.url));

/** Where bare names of libraries are found below the console. */
const libraries: Readonly<Record<string, string>> = {
  '@xterm/xterm': 'lib/xterm.mjs',
  '@xterm/addon-fit': 'lib/addon-fit.mjs',
  '@novnc/novnc': 'lib/novnc/core/rfb.js',
};

/** Path below the console, such as `src/main.ts`, and file. */
export async function loadConsoleAssets(): Promise<ReadonlyMap<string, ConsoleAsset>> {
  const assets = new Map<string, ConsoleAsset>();
  const add = (path: string, body: Buffer): void => {
    const contentType = contentTypes[extname(path)];
    if (contentType === undefined) return;
    const digest = createHash('sha256').update(body).digest('base64url');
    assets.set(path, { body, contentType, etag: `"${digest}"` });
  };
  for (const name of ['index.html', 'link.html', 'style.css', 'icon.svg']) {
    add(name, await readFile(join(consoleFolder, name)));
  }
  for (const path of await filesBelow(join(consoleFolder, 'src'))) {
    if (path.endsWith('.d.ts')) continue;
    const served = relative(consoleFolder, path);
    add(served, Buffer.from(asJavaScript(served, await readFile(path, 'utf8'))));
  }
  const xterm = join(packageFile('@xterm/xterm'), '../..');
  add('lib/xterm.mjs', await readFile(join(xterm, 'lib/xterm.mjs')));
  add('lib/xterm.css', await readFile(join(xterm, 'css/xterm.css')));
  const fit = join(packageFile('@xterm/addon-fit'), '..');
  add('lib/addon-fit.mjs', await readFile(join(fit, 'addon-fit.mjs')));
  const novnc = join(packageFile('@novnc/novnc'), '../..');
  for (const folder of ['core', 'vendor']) {
    for (const path of await filesBelow(join(novnc, folder))) {
      add(join('lib/novnc', relative(novnc, path)), await readFile(path));
    }
  }
  return assets;
}

/** Types out, and names of libraries made addresses. Line numbers stay. */
function asJavaScript(path: string, text: string): string {
  const up = '../'.repeat(path.split('/').length - 1);
  return stripTypeScriptTypes(text, { mode: 'strip' }).replaceAll(
    /(\bfrom )'(@[^']+)'/g,
    (all, from: string, name: string) => {
      const found = libraries[name];
      return found === undefined ? all : `${from}'${up}${found}'`;
    },
  );
}

/** The file that `name` is imported as. */
function packageFile(name: string): string {
  return fileURLToPath(import.meta.resolve(name));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
