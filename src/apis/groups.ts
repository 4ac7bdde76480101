/** The API groups of our kinds, and the fields that all their statuses share. */
import { array, conditionsSchema, integer, map, object, string } from '#kube/index.ts';
import type { Column } from '#kube/index.ts';

/** Group and version of the kinds that Skupper defines. */
export const skupperGroup = { group: 'skupper.io', version: 'v2alpha1' } as const;

/** Group and version of the kinds that Skupper has no equivalent for. */
export const drawbridgeGroup = { group: 'drawbridge.dev', version: 'v1alpha1' } as const;

/** `kubectl get skupper` lists everything of this category. */
export const skupperCategories = ['skupper'] as const;

/** `kubectl get drawbridge` lists everything of this category. */
export const drawbridgeCategories = ['drawbridge'] as const;

/** Fields of every status. */
export const statusFields = {
  status: string('Ready, Pending or Error: the sum of the conditions.'),
  message: string('OK, or what is missing or wrong.'),
  conditions: conditionsSchema,
};

/** The `settings` of a spec. */
export const settings = map(
  'Further settings by name. The defaults are right for most uses.',
  string('Value of the setting.'),
);

/** Where a router of a site can be reached. */
export const endpoints = array(
  'Addresses at which routers can be reached.',
  object('One address for one role.', {
    optional: {
      name: string('Role served there: inter-router or edge.'),
      host: string('Host name or IP address.'),
      port: string('Port number, as text.'),
      group: string('The router group, when a site runs several routers.'),
    },
  }),
);

/** Application protocols that a router looks into. */
export const observerValues = ['auto', 'none', 'http1', 'http2'] as const;

/** A TCP port as a client would give it. Out of range is told by a condition, not by refusal. */
export const port = (description: string): ReturnType<typeof integer> => integer(description);

/** The STATUS column. */
export const statusColumn: Column = {
  name: 'Status',
  type: 'string',
  description: 'Ready, Pending or Error.',
  jsonPath: '.status.status',
};

/** The MESSAGE column. */
export const messageColumn: Column = {
  name: 'Message',
  type: 'string',
  description: 'OK, or what is missing or wrong.',
  jsonPath: '.status.message',
};
