/** What installing and uninstalling tell, and installations as YAML. */
import type { Tell } from '../../deeds/installation/install.ts';
import { crdObjects, type InstalledObject } from '../../deeds/installation/installed-object.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';

/** Writes one line for each object. */
export function installTeller(io: CliIo): Tell {
  return ({ kind, metadata }, what) => {
    const reason = what === 'kept' ? ' (made by somebody else)' : '';
    io.stdout.write(`${kind} ${metadata.name} ${what}${reason}\n`);
  };
}

/** The kinds and the objects, for kubectl apply. */
export function printObjects(io: CliIo, objects: readonly InstalledObject[]): void {
  const all = [...crdObjects(), ...objects];
  io.stdout.write(all.map(({ object }) => `---\n${renderDocument(object, 'yaml')}`).join(''));
}
