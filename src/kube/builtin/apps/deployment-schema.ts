/** Schema and types of Deployment (apps/v1). */
import type { KubeObject, ObjectMeta } from '../../object.ts';
import type { Schema } from '../../schema/node.ts';
import type { LabelSelectorSpec } from '../../selector/label.ts';
import { StructSchemas } from '../../struct/schema.ts';
import { structTable } from '../../struct/table.ts';
import { objectSchema } from '../definition.ts';
import type { PodSpec } from '../pod/pod-schema.ts';
import { podStructs } from '../pod/pod-schema.ts';
import { deploymentStructs } from './deployment-structs.ts';

/** The types that a Deployment is made of. */
export const deploymentTable = structTable(...podStructs, deploymentStructs);

const schemas = new StructSchemas(deploymentTable);

/** A Deployment, as far as code looks at it. */
export interface Deployment extends KubeObject {
  spec?: {
    replicas?: number;
    selector?: LabelSelectorSpec;
    template?: { metadata?: Partial<ObjectMeta>; spec?: PodSpec };
    strategy?: {
      type?: string;
      rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string };
    };
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
  };
}

/** Schema of a Deployment. */
export const deploymentSchema: Schema<Deployment> = objectSchema(
  'Wishes a number of equal pods, replaced step by step.',
  {
    spec: { ...schemas.of('DeploymentSpec'), description: 'Desired state.' },
    status: { ...schemas.of('DeploymentStatus'), description: 'What a controller reports.' },
  },
) as Schema<Deployment>;
