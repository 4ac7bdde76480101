/** Everything that is generated and committed: path to text. */
import { generateAcceptance } from './acceptance.ts';
import { generateCliDoc } from './cli-doc.ts';
import { generateControllerManifests } from './controller-manifests.ts';
import { generateCrds } from './crds.ts';
import { generateDecisionsDoc } from './decisions-doc.ts';
import { generateErrorsDoc } from './errors-doc.ts';
import { generateGatewayAcceptance } from './gateway-acceptance.ts';
import { generateKindsDoc } from './kinds.ts';
import { generateLimitsDoc } from './limits-doc.ts';
import { generateSpecCoverage } from './spec-coverage.ts';

export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ...generateAcceptance(),
    ...generateGatewayAcceptance(),
    ...generateCrds(),
    ...generateControllerManifests(),
    ...generateKindsDoc(),
    ...(await generateCliDoc()),
    ...(await generateErrorsDoc()),
    ...generateDecisionsDoc(),
    ...generateLimitsDoc(),
    ...generateSpecCoverage(),
  ]);
}
