/**
 * What the gateway may do in a cluster, and nothing more: each rule names why. Whoever may
 * impersonate any user and group may do anything, so the pod is as good as an administrator; with
 * the identity `account` it has the grants alone, and what people bind to it.
 */
import { gatewayToken } from '#apis/index.ts';
import { sealSecretName, webhookConfigurationName } from '#gateway/index.ts';
import type { Rule } from './installed-object.ts';

/** In all namespaces: grants are made where people work. */
export function gatewayRules(identity: 'impersonate' | 'account'): readonly Rule[] {
  const { group, plural } = gatewayToken;
  return [
    // Followed, found by their handles; redemptions are counted in the status.
    { apiGroups: [group], resources: [plural], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['update', 'patch'] },
    // The API server asks the gateway who may make which grant, and that one asks back.
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    // By which certificate and path the API server asks: this one configuration alone.
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['validatingwebhookconfigurations'],
      resourceNames: [webhookConfigurationName],
      verbs: ['get', 'update'],
    },
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
export function gatewayOwnRules(admissionSecret: string): readonly Rule[] {
  const { group, plural } = gatewayToken;
  return [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['drawbridge-gateway'],
      verbs: ['get', 'update'],
    },
    // The key of its seals, and the certificate that the API server asks by.
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: [sealSecretName, admissionSecret],
      verbs: ['get'],
    },
    // A name cannot limit what is created.
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['create'] },
    { apiGroups: [group], resources: [plural], verbs: ['create', 'patch', 'delete'] },
  ];
}
