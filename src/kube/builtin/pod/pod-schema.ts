/** Schema and types of Pod (core/v1) and of what pods are made of. */
import type { KubeObject } from '../../object.ts';
import type { Schema } from '../../schema/node.ts';
import { StructSchemas } from '../../struct/schema.ts';
import { structTable } from '../../struct/table.ts';
import { objectSchema } from '../definition.ts';
import { containerStructs } from './container-structs.ts';
import { podStatusStructs } from './pod-status-structs.ts';
import { podStructs as ownStructs } from './pod-structs.ts';
import { schedulingStructs } from './scheduling-structs.ts';
import { volumeStructs } from './volume-structs.ts';

/** Tables of everything in a PodSpec. */
export const podStructs: readonly string[] = [
  volumeStructs,
  containerStructs,
  schedulingStructs,
  ownStructs,
];

const schemas = new StructSchemas(structTable(...podStructs, podStatusStructs));

/** A container, as far as code looks at it. */
export interface Container {
  name?: string;
  image?: string;
  imagePullPolicy?: string;
  ports?: { name?: string; containerPort?: number; protocol?: string }[];
  env?: { name?: string }[];
  resources?: { limits?: Quantities; requests?: Quantities };
}

/** Amounts by resource, as numbers or texts with units. */
export type Quantities = { [resource: string]: unknown };

/** What a pod is to be, as far as code looks at it. */
export interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  restartPolicy?: string;
  serviceAccountName?: string;
  serviceAccount?: string;
  nodeName?: string;
  readinessGates?: { conditionType?: string }[];
  volumes?: { name?: string }[];
}

interface State {
  waiting?: { reason?: string };
  running?: object;
  terminated?: { reason?: string; exitCode?: number; signal?: number };
}

/** A Pod, as far as code looks at it. */
export interface Pod extends KubeObject {
  spec?: PodSpec;
  status?: {
    phase?: string;
    reason?: string;
    podIP?: string;
    nominatedNodeName?: string;
    conditions?: { type?: string; status?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** How a container is. */
export interface ContainerStatus {
  name?: string;
  ready?: boolean;
  restartCount?: number;
  state?: State;
}

/** Schema of a Pod. */
export const podSchema: Schema<Pod> = objectSchema('Containers that run together.', {
  spec: { ...schemas.of('PodSpec'), description: 'Desired state.' },
  status: { ...schemas.of('PodStatus'), description: 'Current state.' },
}) as Schema<Pod>;
