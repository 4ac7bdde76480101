/**
 * Which namespaces are this controller's: a ConfigMap named `skupper` in a namespace says whose it
 * is, and where there is none it is everybody's unless control has to be explicit.
 */
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { type ConfigMap, configMap } from '#kube/index.ts';
import { Informer, type KubeClient, type NamespaceGate } from '#kubeclient/index.ts';

export interface ControlledNamespacesOptions {
  /** Name and namespace of this controller. */
  readonly name: string;
  readonly namespace: string;
  /** Only this one is looked at; absent: all. */
  readonly watchNamespace?: string;
  /** Only namespaces that name this controller are its own. */
  readonly requireExplicitControl: boolean;
}

/** Name of the ConfigMap. */
const controlName = 'skupper';

export class ControlledNamespaces implements NamespaceGate, Running {
  readonly #informer: Informer<ConfigMap>;
  readonly #options: ControlledNamespacesOptions;
  readonly #log: Logger;

  constructor(
    deps: { readonly client: KubeClient; readonly random: Random; readonly log: Logger },
    options: ControlledNamespacesOptions,
  ) {
    const { watchNamespace: namespace } = options;
    this.#informer = new Informer(configMap, deps, {
      fieldSelector: `metadata.name=${controlName}`,
      ...(namespace === undefined ? {} : { namespace }),
    });
    this.#options = options;
    this.#log = deps.log;
  }

  /** Resolves when it is known whose the namespaces are. */
  async start(): Promise<void> {
    this.#informer.onChange(({ object }) => {
      const { namespace = '' } = object.metadata;
      if (this.admits(namespace)) return;
      this.#log.info('a namespace is controlled by another controller', { namespace });
    });
    this.#informer.start();
    await this.#informer.synced;
  }

  admits(namespace: string): boolean {
    const { name, namespace: own, requireExplicitControl } = this.#options;
    if (namespace === own) return true;
    const found = this.#informer.get({ namespace, name: controlName });
    const said = found?.data?.['controller'] ?? '';
    return said === '' ? !requireExplicitControl : said === `${own}/${name}`;
  }

  onChange(handler: (namespace: string) => void): () => void {
    return this.#informer.onChange(({ object }) => handler(object.metadata.namespace ?? ''));
  }

  async stop(): Promise<void> {
    await this.#informer.stop();
  }
}
