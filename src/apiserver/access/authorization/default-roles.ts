/**
 * The roles and bindings that every server has, as Kubernetes has them, over the kinds served here.
 * What reads like a secret (Secrets, codes of grants and tokens) is in `edit`, not in `view`.
 * @spec Kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy
 */
import {
  authenticatedGroup,
  fullRules,
  mastersGroup,
  type PolicyRule,
  serviceAccountsGroup,
  unauthenticatedGroup,
} from '#rbac/index.ts';

export interface DefaultRole {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
  /** Takes its rules from the roles with this label. */
  readonly aggregates?: string;
}

export interface DefaultBinding {
  /** Also the name of the role. */
  readonly name: string;
  readonly groups: readonly string[];
}

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const everything = [...write, ...read];

/** Our kinds that tell nothing secret. */
const siteResources = [
  'attachedconnectorbindings',
  'attachedconnectors',
  'certificates',
  'connectors',
  'links',
  'listeners',
  'multikeylisteners',
  'routeraccesses',
  'securedaccesses',
  'sites',
];

/** Our kinds whose objects carry codes. */
const codeResources = ['accessgrants', 'accesstokens'];

/** Who makes a verdict needs `approve` on its token, too. */
const drawbridgeResources = ['gatewaytokens', 'gatewayverdicts', 'issuedlinks'];

/** With their `/status`, which is only written by controllers and looked at by all. */
const withStatus = (plurals: readonly string[]): string[] =>
  plurals.flatMap((plural) => [plural, `${plural}/status`]);

const rule = (
  verbs: readonly string[],
  group: string,
  resources: readonly string[],
): PolicyRule => ({ verbs, apiGroups: [group], resources });

const urls = (...nonResourceURLs: readonly string[]): PolicyRule => ({
  verbs: ['get'],
  nonResourceURLs,
});

const aggregateTo = (name: string): string => `rbac.authorization.k8s.io/aggregate-to-${name}`;

const viewRules: readonly PolicyRule[] = [
  rule(read, '', [
    'configmaps',
    'endpoints',
    'events',
    'pods',
    'pods/log',
    'pods/status',
    'serviceaccounts',
    'services',
    'services/status',
  ]),
  rule(read, '', ['namespaces', 'namespaces/status']),
  rule(read, 'discovery.k8s.io', ['endpointslices']),
  rule(read, 'apps', ['deployments', 'deployments/scale', 'deployments/status']),
  rule(read, 'skupper.io', withStatus(siteResources)),
  rule(read, 'drawbridge.dev', withStatus(drawbridgeResources)),
];

const editRules: readonly PolicyRule[] = [
  rule(read, '', ['secrets']),
  rule(write, '', ['configmaps', 'events', 'secrets', 'serviceaccounts', 'services']),
  rule(['impersonate'], '', ['serviceaccounts']),
  rule(['create'], '', ['serviceaccounts/token']),
  rule(write, 'apps', ['deployments', 'deployments/scale']),
  rule(everything, 'coordination.k8s.io', ['leases']),
  rule(write, 'skupper.io', siteResources),
  rule(everything, 'skupper.io', codeResources),
  rule(
    read,
    'skupper.io',
    codeResources.map((plural) => `${plural}/status`),
  ),
  rule(write, 'drawbridge.dev', drawbridgeResources),
];

const adminRules: readonly PolicyRule[] = [
  rule(['create'], 'authorization.k8s.io', ['localsubjectaccessreviews']),
  rule(everything, 'rbac.authorization.k8s.io', ['rolebindings', 'roles']),
];

/** In the order in which they are made. */
export const defaultRoles: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: fullRules },
  { name: 'admin', rules: [], aggregates: aggregateTo('admin') },
  {
    name: 'edit',
    labels: { [aggregateTo('admin')]: 'true' },
    rules: [],
    aggregates: aggregateTo('edit'),
  },
  {
    name: 'view',
    labels: { [aggregateTo('edit')]: 'true' },
    rules: [],
    aggregates: aggregateTo('view'),
  },
  {
    name: 'system:aggregate-to-admin',
    labels: { [aggregateTo('admin')]: 'true' },
    rules: adminRules,
  },
  { name: 'system:aggregate-to-edit', labels: { [aggregateTo('edit')]: 'true' }, rules: editRules },
  { name: 'system:aggregate-to-view', labels: { [aggregateTo('view')]: 'true' }, rules: viewRules },
  {
    name: 'system:discovery',
    rules: [
      urls(
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      rule(['create'], 'authorization.k8s.io', [
        'selfsubjectaccessreviews',
        'selfsubjectrulesreviews',
      ]),
      rule(['create'], 'authentication.k8s.io', ['selfsubjectreviews']),
    ],
  },
  {
    name: 'system:public-info-viewer',
    rules: [urls('/healthz', '/livez', '/readyz', '/version', '/version/')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      urls(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule(['create'], 'authentication.k8s.io', ['tokenreviews']),
      rule(['create'], 'authorization.k8s.io', ['subjectaccessreviews']),
    ],
  },
];

export const defaultBindings: readonly DefaultBinding[] = [
  { name: 'cluster-admin', groups: [mastersGroup] },
  { name: 'system:discovery', groups: [authenticatedGroup] },
  { name: 'system:basic-user', groups: [authenticatedGroup] },
  { name: 'system:public-info-viewer', groups: [authenticatedGroup, unauthenticatedGroup] },
  { name: 'system:service-account-issuer-discovery', groups: [serviceAccountsGroup] },
];
