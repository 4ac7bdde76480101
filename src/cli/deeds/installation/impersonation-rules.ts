/**
 * Rights to impersonate: whom, and on servers that know it also for which requests. Pure.
 * @spec KEP-5284 constrained impersonation
 */
import { type Impersonates, linksGroup, linksUser } from '#gateway/index.ts';
import type { Rule } from './installed-object.ts';

export interface ImpersonationWish extends Impersonates {
  /** What the gateway may do as somebody else; absent: all that the other may. */
  readonly only?: readonly Rule[];
}

/** Enough where nobody logs in. */
export const linksOnly: Required<Impersonates> = {
  users: new Set([linksUser]),
  groups: new Set([linksGroup]),
};

const extras = 'userextras/gateway.drawbridge.dev/grant';
const authentication = 'authentication.k8s.io';
/** RBAC has no wildcard inside a verb. */
const allVerbs = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
];
/** What everybody who is logged in may do, and tools cannot do without. */
const ordinary: readonly Rule[] = [
  {
    nonResourceURLs: [
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
    ],
    verbs: ['get'],
  },
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
];

/** The rules of a gateway that impersonates. */
export function impersonationRules({ users, groups, only }: ImpersonationWish): readonly Rule[] {
  const verbs = [only === undefined ? 'impersonate' : 'impersonate:user-info'];
  // The older verb stands in the core group.
  const apiGroups = [only === undefined ? '' : authentication];
  const named = (resource: string, names: ReadonlySet<string> | undefined): Rule => ({
    apiGroups,
    resources: [resource],
    ...(names === undefined ? {} : { resourceNames: [...names] }),
    verbs,
  });
  return [
    named('users', users),
    named('groups', groups),
    { apiGroups: [authentication], resources: [extras], verbs },
    ...(only === undefined ? [] : [...ordinary, ...only].map(asSomebody)),
  ];
}

function asSomebody(rule: Rule): Rule {
  const verbs = rule.verbs.includes('*') ? allVerbs : rule.verbs;
  return { ...rule, verbs: verbs.map((verb) => `impersonate-on:user-info:${verb}`) };
}

/** Tells an operator what the gateway was given. */
export function impersonationSentence({ users, groups, only }: ImpersonationWish): string {
  const whom = `${listed('user', users)} in ${listed('group', groups)}`;
  if (only !== undefined) {
    return `The gateway may act as ${whom}, for what the ClusterRoles of --impersonate-for allow now\n`;
  }
  const isWide = users === undefined || groups === undefined;
  const warning =
    'Whoever holds its token can be an administrator: limit it with --impersonate-user, --impersonate-group or --impersonate-for';
  return `The gateway may act as ${whom}\n${isWide ? `${warning}\n` : ''}`;
}

function listed(noun: string, names: ReadonlySet<string> | undefined): string {
  if (names === undefined) return `any ${noun}`;
  return `${noun}${names.size === 1 ? '' : 's'} ${[...names].join(', ')}`;
}
