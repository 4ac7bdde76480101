/** Which pods a selector means, or why it means none. Pure. */
import { messageOf } from '#base/errors.ts';
import { parseLabelSelector, StatusError } from '#kube/index.ts';
import { messages } from '../names.ts';
import type { SitePod } from '../runtime.ts';
import type { ConnectorInput } from '../router-config/entities.ts';

export interface PodWish {
  /** A label selector as kubectl takes it. */
  readonly selector: string;
  /** Pods that run but do not say that they are ready count too. */
  readonly includeNotReady: boolean;
}

export type PodChoice =
  | { readonly ok: true; readonly pods: readonly SitePod[] }
  | { readonly ok: false; readonly problem: string };

/** @param pods those that run; undefined where there can be none */
export function choosePods(wish: PodWish, pods: readonly SitePod[] | undefined): PodChoice {
  const parsed = parseSelector(wish.selector);
  if (typeof parsed === 'string') return { ok: false, problem: parsed };
  const { noMatchesForSelector: none } = messages;
  if (pods === undefined) {
    const problem = `${none}: there are no pods on this machine, use a Connector with spec.host`;
    return { ok: false, problem };
  }
  const chosen = pods.filter(
    ({ ready, labels }) => (ready || wish.includeNotReady) && parsed.matches(labels),
  );
  return chosen.length === 0 ? { ok: false, problem: none } : { ok: true, pods: chosen };
}

/** @returns what is wrong with a selector, if it cannot be read */
export function problemOfSelector(selector: string): string | undefined {
  const parsed = parseSelector(selector);
  return typeof parsed === 'string' ? parsed : undefined;
}

function parseSelector(selector: string): ReturnType<typeof parseLabelSelector> | string {
  try {
    return parseLabelSelector(selector);
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown;
    return `Invalid selector: ${messageOf(thrown)}`;
  }
}

type Shared = Omit<ConnectorInput, 'host' | 'processId' | 'target'>;

/** A router connector for each pod; with names exposed a second one that only its name leads to. */
export function podConnectors(
  shared: Shared,
  pods: readonly SitePod[],
  exposeByName: boolean,
): readonly ConnectorInput[] {
  return pods.flatMap(({ ip, uid, name }) => {
    const own = { ...shared, host: ip, processId: uid };
    if (!exposeByName) return [own];
    return [own, { ...own, target: name, address: `${shared.address}.${name}` }];
  });
}

/** As a status shows them. */
export function shownPods(pods: readonly SitePod[]): { name: string; ip: string }[] {
  return pods.map(({ name, ip }) => ({ name, ip }));
}
