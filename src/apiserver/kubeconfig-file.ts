/** Keeps the kubeconfig on disk current: one context for each namespace there is. */
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { KubeObject } from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { namespacesCollection } from './objects/namespace-rules.ts';

export interface KubeconfigFileOptions {
  readonly path: string;
  /** Host written into the file, with the port that the server got; default the bound address. */
  readonly host?: string;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Namespaces of the machinery, which nobody needs a context for. */
const systemNamespace = /^kube-/u;

export class KubeconfigFile {
  readonly #deps: { readonly store: Store<KubeObject>; readonly logger: Logger };
  readonly #options: KubeconfigFileOptions;
  #server = '';
  #written = '';
  #unsubscribe: (() => void) | undefined;

  constructor(
    deps: { readonly store: Store<KubeObject>; readonly logger: Logger },
    options: KubeconfigFileOptions,
  ) {
    this.#deps = deps;
    this.#options = options;
  }

  /** @throws ApiServerError APISERVER_FILES_UNUSABLE when the first writing fails */
  start(origin: string): void {
    this.#server = withHost(origin, this.#options.host);
    this.#write();
    this.#unsubscribe = this.#deps.store.onChange(namespacesCollection, ({ type }) => {
      if (type !== 'modified') this.#rewrite();
    });
  }

  stop(): Promise<void> {
    this.#unsubscribe?.();
    return Promise.resolve();
  }

  #write(): void {
    const { ca, cert, key, path } = this.#options;
    const { objects } = this.#deps.store.list(namespacesCollection);
    const namespaces = objects
      .map(({ name }) => name)
      .filter((name) => !systemNamespace.test(name));
    const text = namespaces.join(' ');
    if (text === this.#written) return;
    writeKubeconfig(path, { server: this.#server, ca, cert, key, namespaces });
    this.#written = text;
  }

  #rewrite(): void {
    try {
      this.#write();
    } catch (thrown) {
      this.#deps.logger.warn('cannot rewrite the kubeconfig', { error: messageOf(thrown) });
    }
  }
}

/** The origin with another host, when one is given. */
export function withHost(origin: string, host: string | undefined): string {
  if (host === undefined) return origin;
  const url = new URL(origin);
  url.hostname = host.includes(':') ? `[${host}]` : host;
  return url.origin;
}
