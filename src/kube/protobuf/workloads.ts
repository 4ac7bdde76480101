/** Deployments and endpoints, from the tables that give their schemas too. */
import { deploymentTable } from '../builtin/apps/deployment-schema.ts';
import { endpointsTable } from '../builtin/endpoints/endpoints-schema.ts';
import { StructMessages } from '../struct/messages.ts';
import { type Message, one } from './field.ts';
import { objectMeta } from './meta.ts';

/** The messages by apiVersion and kind. */
export function workloadMessages(): readonly (readonly [string, Message])[] {
  const metadata = one('metadata', objectMeta);
  const workloads = new StructMessages(deploymentTable);
  const network = new StructMessages(endpointsTable);
  return [
    [
      'apps/v1 Deployment',
      {
        1: metadata,
        2: one('spec', workloads.of('DeploymentSpec')),
        3: one('status', workloads.of('DeploymentStatus')),
      },
    ],
    ['v1 Endpoints', { 1: metadata, ...network.of('EndpointsBody') }],
    ['discovery.k8s.io/v1 EndpointSlice', { 1: metadata, ...network.of('EndpointSliceBody') }],
  ];
}
