/** `manifest`: what this program is made of, and what it speaks. */
import type { Command } from 'commander';
import { apiVersionOf } from '#kube/index.ts';
import { issuedLink, site } from '../api/kinds.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import type { CliIo } from '../io.ts';
import { renderDocument } from '../output/document.ts';
import { renderTable } from '../output/table.ts';

/** Adds help and deed to the verb. */
export function addManifest(verb: Command, io: CliIo): void {
  verb
    .addHelpText('after', '\nExamples:\n  drawbridge manifest\n  drawbridge manifest -o json')
    .action((_flags: unknown, command: Command) => {
      const format = readFormat(command.optsWithGlobals<GlobalFlags>());
      const versionIn = (apiVersion: string): string => apiVersion.split('/')[1] ?? '';
      const components = [
        { component: 'drawbridge', version: io.version },
        { component: 'node', version: process.versions.node },
        { component: 'openssl', version: process.versions.openssl },
        { component: 'sqlite', version: process.versions['sqlite'] ?? '' },
        { component: site.group, version: versionIn(apiVersionOf(site)) },
        { component: issuedLink.group, version: versionIn(apiVersionOf(issuedLink)) },
      ];
      if (format !== 'table') io.stdout.write(renderDocument({ components }, format));
      else {
        const rows = components.map(({ component, version }) => [component, version]);
        io.stdout.write(renderTable(['COMPONENT', 'VERSION'], rows));
      }
    });
}
