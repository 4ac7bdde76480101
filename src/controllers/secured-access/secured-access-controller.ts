/** The SecuredAccess controller: a Service, a Certificate with the right names, and endpoints. */
import { CodedError } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import { annotationOf, isOwnedBy, isTerminating, keyOf, type ObjectKey } from '#kube/index.ts';
import { feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { type ControllerContext, evaluationOf } from '../context.ts';
import { objectId, startController } from '../controller.ts';
import { announceStatus } from '../tidings.ts';
import {
  routerAccess,
  type SecuredAccess,
  securedAccess,
  type Service,
  service,
} from '../kinds.ts';
import { annotations, componentLabels, labels, siteObjects } from '../names.ts';
import { isControlled, specOf as routerAccessSpec } from '../router-access/decide.ts';
import type { Exposure } from '../runtime.ts';
import { ensureService } from '../service-object.ts';
import { certificateHosts, checkSecuredAccess, decideSecuredAccessStatus } from './decide.ts';

export function startSecuredAccessController(context: ControllerContext): Running {
  const { informers } = context;
  const accesses = informers.of(securedAccess);
  return startController<ObjectKey>(context, new SecuredAccessReconciler(context), {
    name: 'securedaccess',
    idOf: objectId,
    informers: [accesses, informers.of(service), informers.of(routerAccess)],
    all: () => accesses.list().map(keyOf),
    wake: (add, loop) => [
      context.runtime.onExposure(add),
      feed(accesses, loop, (object) => [keyOf(object)]),
      feed(informers.of(service), loop, (object) => [keyOf(object)]),
      feed(informers.of(routerAccess), loop, (object) =>
        accesses.list(object.metadata.namespace).map(keyOf),
      ),
    ],
  });
}

const nowhere: Exposure = { endpoints: [] };

class SecuredAccessReconciler implements Reconciler<ObjectKey> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { informers, runtime } = this.#context;
    const access = informers.of(securedAccess).get(key);
    if (access === undefined || isTerminating(access)) return {};
    const problem = checkSecuredAccess(access, runtime.accessTypes);
    if (problem !== undefined) {
      await this.#tell(access, problem, nowhere);
      return {};
    }
    try {
      const front = await this.#ensureService(access);
      const exposure = front === undefined ? nowhere : await runtime.expose(access, front);
      await this.#ensureCertificate(access, exposure);
      await this.#tell(access, undefined, exposure);
    } catch (thrown) {
      if (thrown instanceof CodedError) await this.#tell(access, thrown.message, nowhere);
      throw thrown;
    }
    return {};
  }

  async #ensureService(access: SecuredAccess): Promise<Service | undefined> {
    const { name, namespace = '' } = access.metadata;
    // Ports that a controller chose are a default; those of a user are meant, but only one router of
    // those that share an address can have them.
    const isOwn = !isOfFurtherRouter(access) || !this.#context.runtime.sharesAddresses;
    const fixed = isOwn && !this.#isDefault(access);
    return ensureService(this.#context, {
      purpose: 'access',
      accessType: access.spec?.accessType ?? '',
      namespace,
      name,
      ports: (access.spec?.ports ?? []).map((port) => ({
        name: port.name,
        port: port.port,
        ...(port.targetPort === undefined ? {} : { targetPort: port.targetPort }),
        fixed,
      })),
      labels: { [labels.securedAccess]: 'true' },
      selector: access.spec?.selector ?? {},
      owner: access,
      isOurs: (existing) => isOwnedBy(existing, access),
    });
  }

  #isDefault(access: SecuredAccess): boolean {
    const parent = this.#parentOf(access);
    return parent !== undefined && isControlled(parent);
  }

  #parentOf(access: SecuredAccess) {
    const { namespace = '' } = access.metadata;
    const name = annotationOf(access, annotations.routerAccess);
    if (name === undefined) return undefined;
    return this.#context.informers.of(routerAccess).get({ namespace, name });
  }

  async #ensureCertificate(access: SecuredAccess, exposure: Exposure): Promise<void> {
    const { name, namespace = '' } = access.metadata;
    const { issuer = '', certificate = '' } = access.spec ?? {};
    if (issuer === '') return;
    const parent = this.#parentOf(access);
    const further =
      parent === undefined ? [] : (routerAccessSpec(parent).subjectAlternativeNames ?? []);
    const { endpoints } = exposure;
    await this.#context.ensureCertificate({
      namespace,
      name: certificate === '' ? name : certificate,
      ca: issuer,
      subject: name,
      hosts: [...new Set([...certificateHosts(access, endpoints), ...further])].toSorted(),
      server: true,
      // With it the second router links to the first, where it has no other way.
      client: isOfFurtherRouter(access) && !this.#context.runtime.sharesAddresses,
      owner: access,
    });
  }

  async #tell(
    access: SecuredAccess,
    problem: string | undefined,
    exposure: Exposure,
  ): Promise<void> {
    const written = await updateStatus(this.#context.client, securedAccess, access, (copy) => ({
      ...copy,
      status: decideSecuredAccessStatus(
        copy,
        { problem, exposure },
        evaluationOf(this.#context, copy),
      ),
    }));
    announceStatus(this.#context, access, written);
  }
}

function isOfFurtherRouter({ spec }: SecuredAccess): boolean {
  const group = spec?.selector?.[componentLabels.group] ?? siteObjects.routerGroup;
  return group !== siteObjects.routerGroup;
}
