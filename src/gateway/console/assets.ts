/**
 * The files of the browser console as they are served: our TypeScript with its types taken out, and
 * of the libraries just what a browser loads. Read once, when the first browser comes.
 */
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Asset, assetOf } from './asset.ts';

const consoleFolder = fileURLToPath(new URL('../../../console', import.meta.url));

/** Where bare names of libraries are found below the console. */
const libraries: Readonly<Record<string, string>> = {
  '@xterm/xterm': 'lib/xterm.mjs',
  '@xterm/addon-fit': 'lib/addon-fit.mjs',
  '@novnc/novnc': 'lib/novnc/core/rfb.js',
};

/** Path below the console, such as `src/main.ts`, and file. */
export async function loadConsoleAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  const add = (path: string, body: Buffer): void => {
    const asset = assetOf(path, body);
    if (asset !== undefined) assets.set(path, asset);
  };
  for (const name of ['index.html', 'link.html', 'vnc.html', 'style.css', 'icon.svg']) {
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
