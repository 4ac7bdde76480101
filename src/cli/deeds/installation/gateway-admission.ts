/**
 * By which the API server of a cluster asks the gateway who may make which grant. The gateway fills
 * in caBundle and path itself; until it has, grants are refused. Pure.
 */
import { gatewayToken, gatewayVerdict } from '#apis/index.ts';
import { clusterKind } from '#controllers/index.ts';
import { webhookConfigurationName, webhookName } from '#gateway/index.ts';
import { isRecord, type KubeObject, type ResourceDefinition, service } from '#kube/index.ts';
import { serviceAccountUser } from '#rbac/index.ts';
import { type InstalledObject, objectOf } from './installed-object.ts';

export interface AdmissionWish {
  readonly namespace: string;
  /** The account of the gateway, which is not asked about. */
  readonly account: string;
  /** Labels of its pods. */
  readonly selector: Readonly<Record<string, string>>;
}

/**
 * Name of the Service, which certificates must bear with `.NAMESPACE.svc`, and of the Secret with the
 * certificate where no other one is given.
 */
export const admissionName = 'drawbridge-gateway-admission';
/** Port of the pods. */
export const admissionPort = 9443;

const group = 'admissionregistration.k8s.io';
const webhookKind: ResourceDefinition = {
  ...clusterKind(group, 'v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
  scope: 'Cluster',
};

/** A Service of its own: the other one may be open to the world. */
export function admissionService({ namespace, selector }: AdmissionWish): InstalledObject {
  const ports = [{ name: 'https', port: 443, targetPort: 'admission', protocol: 'TCP' }];
  const spec = { type: 'ClusterIP', selector: { ...selector }, ports };
  return {
    of: service,
    object: objectOf('v1', 'Service', admissionName, namespace, { spec }),
  };
}

/** Applied last and removed first, so that it never asks a gateway that is not there. */
export function webhookObject(wish: AdmissionWish): InstalledObject {
  const { namespace, account } = wish;
  const { group: of, version, plural } = gatewayToken;
  const rule = { apiGroups: [of], apiVersions: [version], scope: 'Namespaced' };
  const webhooks = [
    {
      name: webhookName,
      rules: [
        { ...rule, operations: ['CREATE'], resources: [plural, gatewayVerdict.plural] },
        { ...rule, operations: ['UPDATE'], resources: [`${plural}/status`] },
      ],
      // The gateway counts and seals by itself, and must not wait for itself.
      matchConditions: [
        {
          name: 'not-the-gateway',
          expression: `request.userInfo.username != "${serviceAccountUser({ namespace, name: account })}"`,
        },
      ],
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
      clientConfig: { service: { name: admissionName, namespace, port: 443 } },
    },
  ];
  const kind = 'ValidatingWebhookConfiguration';
  const object = objectOf(`${group}/v1`, kind, webhookConfigurationName, undefined, { webhooks });
  return { of: webhookKind, object, keeping: keepClient };
}

/** What the gateway has filled in stays while a new version is applied. */
function keepClient(found: KubeObject, wanted: KubeObject): KubeObject {
  const known = webhooksIn(found).find(({ name }) => name === webhookName)?.['clientConfig'];
  const { caBundle, service: before } = isRecord(known) ? known : {};
  const path = isRecord(before) ? before['path'] : undefined;
  const webhooks = webhooksIn(wanted).map((webhook) => {
    const { clientConfig } = webhook;
    const { service: own, ...rest } = isRecord(clientConfig) ? clientConfig : {};
    const told = {
      ...rest,
      ...(caBundle === undefined ? {} : { caBundle }),
      service: { ...(isRecord(own) ? own : {}), ...(path === undefined ? {} : { path }) },
    };
    return { ...webhook, clientConfig: told };
  });
  return { ...wanted, webhooks } as KubeObject;
}

function webhooksIn(object: KubeObject): readonly Readonly<Record<string, unknown>>[] {
  const { webhooks } = object as KubeObject & { readonly webhooks?: unknown };
  return Array.isArray(webhooks) ? webhooks.filter(isRecord) : [];
}
