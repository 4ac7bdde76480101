/**
 * Settings of the controller: each is a flag and a variable, and the flag wins. The variables are
 * those of the controller that this one may take the place of.
 */
import { type AccessSettings, accessTypeNames } from '#controllers/index.ts';
import { portProblems } from './port.ts';
import type { Problems } from './problems.ts';

export interface Setting {
  /** Without the leading dashes. */
  readonly flag: string;
  readonly env: string;
  readonly fallback: string;
  readonly description: string;
  /** Given without a value on the command line, as true or false in the variable. */
  readonly boolean?: true;
}

const setting = (flag: string, env: string, fallback: string, description: string): Setting => ({
  flag,
  env,
  fallback,
  description,
});

const toggle = (flag: string, env: string, description: string): Setting => ({
  ...setting(flag, env, 'false', description),
  boolean: true,
});

export const controllerSettings: readonly Setting[] = [
  setting('watch-namespace', 'WATCH_NAMESPACE', '', 'look after this namespace alone'),
  setting('name', 'CONTROLLER_NAME', '', 'name in statuses (default: the Deployment of the pod)'),
  toggle(
    'require-explicit-control',
    'REQUIRE_EXPLICIT_CONTROL',
    'only namespaces whose ConfigMap skupper names this controller',
  ),
  toggle(
    'disable-security-context',
    'DISABLE_SECURITY_CONTEXT',
    'leave users and capabilities of router pods to the platform',
  ),
  toggle('enable-grants', 'SKUPPER_ENABLE_GRANTS', 'let tokens be redeemed'),
  toggle(
    'grant-server-autoconfigure',
    'SKUPPER_GRANT_SERVER_AUTOCONFIGURE',
    'bring others to the grant server with a SecuredAccess',
  ),
  setting(
    'grant-server-base-url',
    'SKUPPER_GRANT_SERVER_BASE_URL',
    '',
    'HOST:PORT where others reach the grant server',
  ),
  setting('grant-server-port', 'SKUPPER_GRANT_SERVER_PORT', '9090', 'port of the grant server'),
  setting('grant-server-podname', 'HOSTNAME', '', 'pod whose labels lead to the grant server'),
  setting(
    'enabled-access-types',
    'SKUPPER_ENABLED_ACCESS_TYPES',
    'local,loadbalancer,route',
    'ways in that may be asked for',
  ),
  setting('default-access-type', 'SKUPPER_DEFAULT_ACCESS_TYPE', '', 'way in when none is named'),
  setting('cluster-host', 'SKUPPER_CLUSTER_HOST', '', 'name or address of the nodes, for nodeport'),
  setting('ingress-domain', 'SKUPPER_INGRESS_DOMAIN', '', 'domain of names for Ingress'),
  setting('ingress-class-name', 'SKUPPER_INGRESS_CLASS_NAME', '', 'class of Ingress'),
  setting('http-proxy-domain', 'SKUPPER_HTTP_PROXY_DOMAIN', '', 'domain of names for HTTPProxy'),
  setting('gateway-class', 'SKUPPER_GATEWAY_CLASS', '', 'class of the Gateway'),
  setting('gateway-domain', 'SKUPPER_GATEWAY_DOMAIN', '', 'domain of names for TLSRoute'),
  setting('gateway-port', 'SKUPPER_GATEWAY_PORT', '8443', 'port of the Gateway'),
  setting('router-image', 'SKUPPER_ROUTER_IMAGE', '', 'image of router pods (default: our own)'),
  setting('router-pull-policy', 'SKUPPER_ROUTER_PULL_POLICY', 'Always', 'when it is pulled'),
  toggle('disable-metrics', 'SKUPPER_METRICS_DISABLE', 'serve no metrics and no health'),
  setting('metrics-address', 'SKUPPER_METRICS_ADDRESS', ':9000', 'HOST:PORT of metrics and health'),
];

/** The values that count, by flag. */
export type SettingValues = ReadonlyMap<string, string>;

/** @param given what the command line says, by flag */
export function settingValues(
  given: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problems,
): SettingValues {
  const values = new Map<string, string>();
  for (const { flag, env: variable, fallback, boolean } of controllerSettings) {
    const said = given.get(flag) ?? env[variable] ?? '';
    const value = said === '' ? fallback : said;
    values.set(flag, value);
    if (boolean === true && value !== 'true' && value !== 'false') {
      problems.add(`${variable} is not valid: "${value}" is neither true nor false`);
    }
  }
  return values;
}

/** @returns the ways in that may be asked for, and what they need */
export function accessSettings(values: SettingValues, problems: Problems): AccessSettings {
  const text = (flag: string): string => values.get(flag) ?? '';
  const enabled = text('enabled-access-types')
    .split(',')
    .map((type) => type.trim())
    .filter((type) => type !== '');
  const known: readonly string[] = accessTypeNames;
  for (const type of enabled) {
    if (known.includes(type)) continue;
    problems.add(`--enabled-access-types is not valid: "${type}" is none of ${known.join(', ')}`);
  }
  problems.add(...portProblems('--gateway-port', text('gateway-port')));
  return {
    enabled,
    defaultType: text('default-access-type'),
    clusterHost: text('cluster-host'),
    ingressDomain: text('ingress-domain'),
    ingressClassName: text('ingress-class-name'),
    httpProxyDomain: text('http-proxy-domain'),
    gatewayClass: text('gateway-class'),
    gatewayDomain: text('gateway-domain'),
    gatewayPort: Number(text('gateway-port')),
  };
}
