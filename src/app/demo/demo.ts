/**
 * The demo: what a user would do with kubectl to link two sites and reach a service across them.
 * Every step is idempotent, so that a second start on the same data goes on where it was.
 */
import { get } from 'node:http';
import { accessGrant, accessToken, connector, link, listener, site } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { type KubeObject, namespace, type ResourceDefinition, service } from '#kube/index.ts';
import { isKubeError, type KubeClient } from '#kubeclient/index.ts';
import { AppError } from '../errors.ts';
import type { HelloService } from './hello-service.ts';

const group = 'skupper.io/v2alpha1';
/** How long one step may take; milliseconds. */
const stepMsMax = 30_000;
/** Between two looks at an object; milliseconds. */
const lookMs = 20;
/** How long one try of the URL may take; milliseconds. */
const answerMsMax = 2000;
const listenerPort = 8080;

export interface DemoDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Sets the demo up. @returns the URL that answers @throws AppError APP_DEMO_TIMEOUT */
export async function runDemo(deps: DemoDeps, hello: HelloService): Promise<string> {
  const { print } = deps;
  print('Two sites on this machine, linked as two people would do it:');
  await makeSites(deps);
  await makeLink(deps);
  return makeService(deps, hello);
}

async function makeSites(deps: DemoDeps): Promise<void> {
  for (const name of ['west', 'east']) {
    await ensure(deps, namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  await ensure(deps, site, {
    apiVersion: group,
    kind: 'Site',
    metadata: { name: 'west', namespace: 'west' },
    spec: { linkAccess: 'default' },
  });
  await ensure(deps, site, {
    apiVersion: group,
    kind: 'Site',
    metadata: { name: 'east', namespace: 'east' },
    spec: {},
  });
  for (const name of ['west', 'east']) {
    await until(deps, `Site ${name}`, async () => {
      const found = await deps.client.get(site, { namespace: name, name });
      return found.status?.status === 'Ready' ? true : undefined;
    });
  }
  deps.print('  1. site west (takes links) and site east are Ready, each with a router of its own');
}

async function makeLink(deps: DemoDeps): Promise<void> {
  const { client, print } = deps;
  const token = await client.find(accessToken, { namespace: 'east', name: 'token-to-west' });
  if (token === undefined) {
    await ensure(deps, accessGrant, {
      apiVersion: group,
      kind: 'AccessGrant',
      metadata: { name: 'grant-west', namespace: 'west' },
      spec: { redemptionsAllowed: 1, expirationWindow: '15m' },
    });
    const granted = await until(deps, 'AccessGrant grant-west', async () => {
      const found = await client.get(accessGrant, { namespace: 'west', name: 'grant-west' });
      return found.status?.status === 'Ready' ? found.status : undefined;
    });
    print(`  2. west grants access, once and until ${granted.expirationTime ?? ''}`);
    await ensure(deps, accessToken, {
      apiVersion: group,
      kind: 'AccessToken',
      metadata: { name: 'token-to-west', namespace: 'east' },
      spec: { url: granted.url ?? '', code: granted.code ?? '', ca: granted.ca ?? '' },
    });
  }
  await until(deps, 'AccessToken token-to-west', async () => {
    const found = await client.get(accessToken, { namespace: 'east', name: 'token-to-west' });
    return found.status?.redeemed === true ? true : undefined;
  });
  print('  3. east has redeemed the token for a client certificate and a Link');
  const linked = await until(deps, 'Link token-to-west', async () => {
    const found = await client.find(link, { namespace: 'east', name: 'token-to-west' });
    return found?.status?.status === 'Ready' ? found.status : undefined;
  });
  print(`  4. the link is Ready: mutual TLS to site ${linked.remoteSiteName ?? 'west'}`);
}

async function makeService(deps: DemoDeps, hello: HelloService): Promise<string> {
  const { client, print } = deps;
  await ensure(
    deps,
    connector,
    {
      apiVersion: group,
      kind: 'Connector',
      metadata: { name: 'hello', namespace: 'west' },
      spec: { routingKey: 'hello', host: hello.host, port: hello.port },
    },
    { spec: { host: hello.host, port: hello.port } },
  );
  await ensure(deps, listener, {
    apiVersion: group,
    kind: 'Listener',
    metadata: { name: 'hello', namespace: 'east' },
    spec: { routingKey: 'hello', host: 'hello', port: listenerPort },
  });
  await until(deps, 'Listener hello', async () => {
    const found = await client.get(listener, { namespace: 'east', name: 'hello' });
    return found.status?.status === 'Ready' ? true : undefined;
  });
  const address = await until(deps, 'Service hello', async () => {
    const found = await client.find(service, { namespace: 'east', name: 'hello' });
    return found?.spec?.clusterIP || undefined;
  });
  const url = `http://${address}:${listenerPort}`;
  await until(deps, `an answer of ${url}`, () => answerOf(url));
  print(
    `  5. service hello of west (${hello.host}:${hello.port}) answers in east, through the link`,
  );
  return url;
}

/** True when the URL answers, so that nobody is shown one that does not. */
function answerOf(url: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const asked = get(url, { timeout: answerMsMax, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
  });
}

/** Creates the object, or applies `change` to the one that is there. */
async function ensure<T extends KubeObject>(
  deps: DemoDeps,
  of: ResourceDefinition<T>,
  object: T,
  change?: unknown,
): Promise<void> {
  try {
    await deps.client.create(of, object);
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
    const { name, namespace: within = '' } = object.metadata;
    const key = { namespace: within, name: name ?? '' };
    if (change !== undefined) await deps.client.patch(of, key, change);
  }
}

/** Looks until `read` gives something. */
async function until<T>(
  deps: DemoDeps,
  what: string,
  read: () => Promise<T | undefined>,
): Promise<T> {
  const endMs = deps.clock.monotonicMs() + stepMsMax;
  for (;;) {
    deps.signal.throwIfAborted();
    const value = await read();
    if (value !== undefined) return value;
    if (deps.clock.monotonicMs() > endMs) {
      throw new AppError(
        'APP_DEMO_TIMEOUT',
        `${what} did not come about within ${stepMsMax / 1000} s`,
        'look at its status with kubectl and at the log above',
      );
    }
    await new Promise((resolve) => {
      setTimeout(resolve, lookMs);
    });
  }
}
