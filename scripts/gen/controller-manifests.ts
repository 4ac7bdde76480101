/** Makes the manifests of the controller from what `drawbridge install` applies. */
import { stringify } from 'yaml';
import {
  controllerObjects,
  type InstallationWish,
} from '#cli/deeds/installation/controller-objects.ts';

const heading = `# Generated from src/cli/deeds/installation by scripts/gen/controller-manifests.ts. Do not edit.
# Apply deploy/crds first. Put your own image where drawbridge:latest stands.
`;

const wish: InstallationWish = {
  namespace: 'drawbridge-system',
  onlyNamespace: false,
  image: 'drawbridge:latest',
  pullPolicy: 'IfNotPresent',
  replicas: 2,
  flags: ['--grant-server-autoconfigure'],
};

/** File texts by path from the root of the repository. */
export function generateControllerManifests(): Map<string, string> {
  return new Map([
    ['deploy/controller/cluster.yaml', textOf(wish)],
    [
      'deploy/controller/namespace.yaml',
      textOf({ ...wish, namespace: 'team-a', onlyNamespace: true }),
    ],
  ]);
}

function textOf(wanted: InstallationWish): string {
  const style = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 100 } as const;
  const documents = controllerObjects(wanted).map(({ object }) => stringify(object, style));
  return heading + documents.map((document) => `---\n${document}`).join('');
}
