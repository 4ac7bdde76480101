/**
 * What the gateway may do in a cluster, and nothing more: each rule names why. Whoever may
 * impersonate any user and group may do anything, so such a pod is as good as an administrator; as
 * the links alone it has what they have, and with the identity `account` what people bind to it.
 */
import { gatewayToken, gatewayVerdict } from '#apis/index.ts';
import { sealSecretName, webhookConfigurationName } from '#gateway/index.ts';
import { type ImpersonationWish, impersonationRules } from './impersonation-rules.ts';
import type { Rule } from './installed-object.ts';

/**
 * In all namespaces: grants are made where people work.
 * @param impersonates absent: nobody
 */
export function gatewayRules(impersonates: ImpersonationWish | undefined): readonly Rule[] {
  const { group, plural } = gatewayToken;
  return [
    // Followed, found by their handles; redemptions are counted in the status.
    { apiGroups: [group], resources: [plural], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['update', 'patch'] },
    // What people decide about grants, counted and then cleared away.
    {
      apiGroups: [group],
      resources: [gatewayVerdict.plural],
      verbs: ['get', 'list', 'watch', 'delete'],
    },
    { apiGroups: [group], resources: [`${gatewayVerdict.plural}/status`], verbs: ['update'] },
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
    ...(impersonates === undefined ? [] : impersonationRules(impersonates)),
  ];
}

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
