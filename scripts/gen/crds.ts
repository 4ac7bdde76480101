/** Makes the CustomResourceDefinitions of our kinds from their definitions. */
import { stringify } from 'yaml';
import { apiDefinitions } from '#apis/index.ts';
import { crdOf } from '#kube/index.ts';

const heading = '# Generated from src/apis by scripts/gen/crds.ts. Do not edit.\n';

/** kubectl reads YAML 1.1, where a bare `n` or `on` is a truth value: such words get quotes. */
const yamlStyle = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 100 } as const;

/** File texts by path from the root of the repository. */
export function generateCrds(): Map<string, string> {
  return new Map(
    apiDefinitions.map((definition) => [
      `deploy/crds/${definition.group}_${definition.plural}.yaml`,
      heading + stringify(crdOf(definition), yamlStyle),
    ]),
  );
}
