/**
 * What the controller may do, and nothing more: each rule names why. A role that it makes for a
 * router may allow no more than the controller itself may.
 */
import { apiDefinitions } from '#apis/index.ts';
import type { Rule } from './installed-object.ts';

const look = ['get', 'list', 'watch'] as const;
const keep = [...look, 'create', 'update', 'patch', 'delete'] as const;

const rule = (group: string, resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
});

/** Kinds of ours that it makes itself. */
const made = ['certificates', 'issuedlinks', 'links', 'routeraccesses', 'securedaccesses'];

/** Rules for the namespaces that it looks after. */
export function controllerRules(): readonly Rule[] {
  const groups = [...new Set(apiDefinitions.map(({ group }) => group))];
  const own = groups.flatMap((group) => {
    const plurals = apiDefinitions
      .filter((each) => each.group === group)
      .map((each) => each.plural);
    const kept = plurals.filter((plural) => made.includes(plural));
    return [
      rule(group, plurals, look),
      rule(
        group,
        plurals.map((plural) => `${plural}/status`),
        ['update', 'patch'],
      ),
      ...(kept.length === 0 ? [] : [rule(group, kept, ['create', 'update', 'patch', 'delete'])]),
    ];
  });
  return [
    ...own,
    // Defaults are written into the spec.
    rule('skupper.io', ['accessgrants'], ['update']),
    // Claims of Skupper v1 become tokens.
    rule('skupper.io', ['accesstokens'], ['create', 'update']),
    // Certificates live in Secrets; those of people are read, as Links and Listeners name them.
    rule('', ['secrets', 'services'], keep),
    rule('', ['configmaps'], [...look, 'create', 'update', 'delete']),
    rule('', ['serviceaccounts'], [...look, 'create', 'update']),
    rule('', ['pods'], look),
    rule('', ['events'], ['create', 'patch']),
    rule('apps', ['deployments'], keep),
    rule('rbac.authorization.k8s.io', ['roles', 'rolebindings'], [...look, 'create', 'update']),
    // Ways in, where the cluster has them.
    rule('networking.k8s.io', ['ingresses'], keep),
    rule('route.openshift.io', ['routes'], keep),
    rule('route.openshift.io', ['routes/custom-host'], ['create']),
    rule('projectcontour.io', ['httpproxies'], keep),
    rule('gateway.networking.k8s.io', ['gateways', 'tlsroutes'], keep),
  ];
}

/** Rules for its own namespace beside those: who leads, and whether it is there. */
export function ownRules(): readonly Rule[] {
  return [
    rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update']),
    rule('', ['namespaces'], ['get']),
  ];
}
