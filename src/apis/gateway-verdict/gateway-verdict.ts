/**
 * GatewayVerdict: what one person decides about a GatewayToken that waits for approval, said through
 * the API server, which knows who he is however he proves it. A gateway counts it once, soon after.
 */
import {
  array,
  customDefinition,
  customSchemaWithSpec,
  integer,
  map,
  object,
  oneOfTexts,
  string,
} from '#kube/index.ts';
import type { ObjectOf } from '#kube/index.ts';
import { gatewayTextMax } from '../gateway-token/gateway-token.ts';
import {
  drawbridgeCategories,
  drawbridgeGroup,
  messageColumn,
  statusColumn,
  statusFields,
} from '../groups.ts';
import { immutableFields, onceSet } from '../immutable.ts';

const short = { maxLength: gatewayTextMax };

const spec = object(
  'The decision. Nothing of it can change.',
  {
    required: {
      token: string('Name of the GatewayToken, in the same namespace.', short),
      uid: string(
        'metadata.uid of the GatewayToken that was looked at, so that no other one is meant.',
        short,
      ),
      decision: oneOfTexts('What is decided.', ['approved', 'denied']),
    },
    optional: { reason: string('Why, one line in the words of that person.', short) },
  },
  { rules: immutableFields(['token', 'uid', 'decision', 'reason']) },
);

const approver = object('Who decides, as the API server knows him.', {
  required: { name: string('User.') },
  optional: {
    uid: string('Identity of the user, where there is one.'),
    groups: array('Groups.', string('A group.'), { 'x-kubernetes-list-type': 'atomic' }),
    extra: map('What else the API server knows.', array('Values.', string('A value.'))),
  },
});

const status = object(
  'What became of it.',
  {
    optional: {
      ...statusFields,
      approver,
      missing: integer('Approvals that the token waits for after this one.'),
    },
  },
  { rules: [onceSet('approver')] },
);

/** Definition of GatewayVerdict. */
export const gatewayVerdict = customDefinition({
  ...drawbridgeGroup,
  kind: 'GatewayVerdict',
  plural: 'gatewayverdicts',
  shortNames: ['gv'],
  categories: drawbridgeCategories,
  description:
    'What one person decides about a GatewayToken that waits for approval. Who creates it decides.',
  schema: customSchemaWithSpec('A decision about a GatewayToken.', spec, status),
  columns: [
    { name: 'Token', type: 'string', description: 'The token.', jsonPath: '.spec.token' },
    {
      name: 'Decision',
      type: 'string',
      description: 'What is decided.',
      jsonPath: '.spec.decision',
    },
    { name: 'By', type: 'string', description: 'Who decides.', jsonPath: '.status.approver.name' },
    statusColumn,
    messageColumn,
  ],
});

/** A GatewayVerdict. */
export type GatewayVerdict = ObjectOf<typeof gatewayVerdict>;
