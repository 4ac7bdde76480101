/** What the controller of a cluster is told. */
import type { AccessSettings } from '#controllers/index.ts';
import type { KubeconfigOptions } from '#kubeclient/index.ts';

export interface ControllerOptions {
  readonly kubeconfig: KubeconfigOptions;
  /** The controller's own; absent: that of the pod or of the kubeconfig. */
  readonly namespace?: string;
  /** Only this one is looked after. */
  readonly watchNamespace?: string;
  readonly name?: string;
  readonly requireExplicitControl: boolean;
  readonly securityContext: boolean;
  readonly grants: {
    readonly enabled: boolean;
    /** Brings others to the grant server by itself. */
    readonly autoconfigure: boolean;
    /** `host:port` where tokens are redeemed; empty: found out. */
    readonly baseUrl: string;
    readonly port: number;
  };
  /** Host name of the pod, whose labels others reach it by; absent outside of pods. */
  readonly podName?: string;
  readonly access: AccessSettings;
  readonly image: {
    readonly image: string;
    readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  };
  /** Absent: no metrics and no health. */
  readonly metrics?: { readonly host: string; readonly port: number };
}
