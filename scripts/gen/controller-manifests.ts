/** Makes the manifests of controller and gateway from what their `install` verbs apply. */
import { stringify } from 'yaml';
import {
  controllerObjects,
  type InstallationWish,
} from '#cli/deeds/installation/controller-objects.ts';
import { gatewayObjects, type GatewayWish } from '#cli/deeds/installation/gateway-objects.ts';
import { linksOnly } from '#cli/deeds/installation/impersonation-rules.ts';
import type { InstalledObject } from '#cli/deeds/installation/installed-object.ts';

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

const gatewayWish: GatewayWish = {
  namespace: 'drawbridge-system',
  image: 'drawbridge:latest',
  pullPolicy: 'IfNotPresent',
  replicas: 2,
  publicUrl: 'https://access.example.com',
  ownCa: false,
  impersonates: linksOnly,
  serviceType: 'ClusterIP',
  linksRole: 'view',
  flags: [],
};

/** File texts by path from the root of the repository. */
export function generateControllerManifests(): Map<string, string> {
  return new Map([
    ['deploy/controller/cluster.yaml', textOf(controllerObjects(wish))],
    [
      'deploy/controller/namespace.yaml',
      textOf(controllerObjects({ ...wish, namespace: 'team-a', onlyNamespace: true })),
    ],
    ['deploy/gateway/cluster.yaml', textOf(gatewayObjects(gatewayWish))],
  ]);
}

function textOf(wanted: readonly InstalledObject[]): string {
  const style = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 100 } as const;
  const documents = wanted.map(({ object }) => stringify(object, style));
  return heading + documents.map((document) => `---\n${document}`).join('');
}
