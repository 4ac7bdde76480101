/** Schema and types of Service (core/v1). */
import { conditionsSchema } from '../condition.ts';
import {
  array,
  boolean,
  integer,
  intOrString,
  map,
  object,
  string,
  withDefault,
} from '../schema/build.ts';
import type { Infer } from '../schema/node.ts';
import { objectSchema } from './definition.ts';

const atomic = { 'x-kubernetes-list-type': 'atomic' } as const;

const portSchema = object('A port of the Service.', {
  required: { port: integer('The port that clients use.', { format: 'int32' }) },
  optional: {
    name: string('Name, needed when there are several.'),
    protocol: withDefault(string('TCP, UDP or SCTP; TCP by default.'), 'TCP'),
    appProtocol: string('Protocol spoken inside.'),
    targetPort: intOrString('Port of the backend, by number or name; by default as port.'),
    nodePort: integer('Port on every node.', { format: 'int32' }),
  },
});

const portStatus = object('State of a port.', {
  optional: {
    port: integer('The port.', { format: 'int32' }),
    protocol: string('Its protocol.'),
    error: string('What is wrong with it.'),
  },
});

const specSchema = object('Desired state.', {
  optional: {
    type: string('ClusterIP, NodePort, LoadBalancer or ExternalName; ClusterIP by default.'),
    selector: map('Labels of the backends.', string('A label value.'), {
      'x-kubernetes-map-type': 'atomic',
    }),
    ports: array('The ports.', portSchema, {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'port',
    }),
    clusterIP: string('Address of the Service; None for a headless one.'),
    clusterIPs: array('Addresses of the Service.', string('An address.'), atomic),
    externalIPs: array('Further addresses.', string('An address.'), atomic),
    externalName: string('Name that a Service of type ExternalName stands for.'),
    sessionAffinity: string('None or ClientIP; None by default.'),
    sessionAffinityConfig: object('How affinity works.', {
      optional: {
        clientIP: object('By client address.', {
          optional: { timeoutSeconds: integer('Seconds it lasts.', { format: 'int32' }) },
        }),
      },
    }),
    loadBalancerIP: string('Address asked of the load balancer.'),
    loadBalancerClass: string('Which load balancer.'),
    loadBalancerSourceRanges: array('Clients let in.', string('A network.'), atomic),
    allocateLoadBalancerNodePorts: boolean('Whether node ports are allocated.'),
    publishNotReadyAddresses: boolean('Whether backends that are not ready count.'),
    internalTrafficPolicy: string('Cluster or Local.'),
    externalTrafficPolicy: string('Cluster or Local.'),
    healthCheckNodePort: integer('Port of the health check.', { format: 'int32' }),
    ipFamilies: array('IPv4, IPv6.', string('A family.'), atomic),
    ipFamilyPolicy: string('SingleStack, PreferDualStack or RequireDualStack.'),
    trafficDistribution: string('Preference for close backends.'),
  },
});

/** Schema of a Service. */
export const serviceSchema = objectSchema('A name and address for a set of backends.', {
  spec: specSchema,
  status: object('Current state.', {
    optional: {
      loadBalancer: object('State of the load balancer.', {
        optional: {
          ingress: array(
            'Its entry points.',
            object('An entry point.', {
              optional: {
                ip: string('Address.'),
                ipMode: string('VIP or Proxy.'),
                hostname: string('Name.'),
                ports: array('State of its ports.', portStatus, atomic),
              },
            }),
            atomic,
          ),
        },
      }),
      conditions: conditionsSchema,
    },
  }),
});

/** A Service. */
export type Service = Infer<typeof serviceSchema>;

/** A port of a Service. */
export type ServicePort = Infer<typeof portSchema>;
