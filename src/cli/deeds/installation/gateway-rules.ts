/**
 * What the gateway may do in a cluster, and nothing more: each rule names why. Whoever may
 * impersonate any user and group may do anything, so the pod is as good as an administrator; with
 * the identity `account` it has the grants alone, and what people bind to it.
 */
import { gatewayToken } from '#apis/index.ts';
import type { Rule } from './installed-object.ts';

/** In all namespaces: grants are made where people work. */
export function gatewayRules(identity: 'impersonate' | 'account'): readonly Rule[] {
  const { group, plural } = gatewayToken;
  return [
    // Followed, found by their handles; redemptions are counted in the status.
    { apiGroups: [group], resources: [plural], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['update', 'patch'] },
    // Redeemed and revoked are told there.
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    ...(identity === 'impersonate' ? impersonation : []),
  ];
}

const impersonation: readonly Rule[] = [
  { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] },
  {
    apiGroups: ['authentication.k8s.io'],
    resources: ['userextras/gateway.drawbridge.dev/grant'],
    verbs: ['impersonate'],
  },
];

/** In its own namespace: where it tells its address, and where logins are grants. */
export function gatewayOwnRules(): readonly Rule[] {
  const { group, plural } = gatewayToken;
  return [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['drawbridge-gateway'],
      verbs: ['get', 'update'],
    },
    // A name cannot limit what is created.
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
    { apiGroups: [group], resources: [plural], verbs: ['create', 'patch', 'delete'] },
  ];
}
