/** Flags of `gateway serve` for people who log in with OpenID Connect. */
import type { Command } from 'commander';
import type { Problems } from '../../input/problems.ts';

export interface OidcFlags {
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcClientSecretFile?: string;
  readonly oidcCaFile?: string;
  readonly oidcScope: string;
  readonly oidcGroupsClaim: string;
  readonly oidcUserPrefix: string;
  readonly loginRules?: string;
}

/** What the gateway needs of them. */
export interface Oidc {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretFile: string;
  readonly caFile?: string;
  readonly scopes: readonly string[];
  readonly groupsClaim: string;
  readonly prefix: string;
  readonly rulesFile: string;
}

export function addLoginOptions(command: Command): Command {
  return command
    .option('--oidc-issuer <url>', 'OpenID provider where people log in')
    .option('--oidc-client-id <id>', 'client of the gateway there')
    .option('--oidc-client-secret-file <file>', 'file with the secret of the client')
    .option('--oidc-ca-file <file>', 'PEM CAs of the provider, instead of those of the system')
    .option('--oidc-scope <scopes>', 'scopes to ask for beside openid', 'profile')
    .option('--oidc-groups-claim <claim>', 'claim of the ID token with the groups', 'groups')
    .option('--oidc-user-prefix <text>', 'put before names of users and groups', 'oidc:')
    .option('--login-rules <file>', 'YAML: what which groups and users may do');
}

/** Notes what is wrong. @returns undefined when nobody is to log in */
export function readOidc(problems: Problems, flags: OidcFlags): Oidc | undefined {
  const { oidcIssuer, oidcClientId, oidcClientSecretFile, oidcCaFile, loginRules } = flags;
  const needed = {
    '--oidc-issuer': oidcIssuer,
    '--oidc-client-id': oidcClientId,
    '--oidc-client-secret-file': oidcClientSecretFile,
    '--login-rules': loginRules,
  };
  const missing = Object.entries(needed).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length === Object.keys(needed).length && oidcCaFile === undefined) return undefined;
  if (missing.length > 0) problems.add(`logging in also needs ${missing.join(', ')}`);
  const issuer = oidcIssuer ?? '';
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const plain = url?.protocol === 'https:' && url.search + url.hash + url.username === '';
  if (oidcIssuer !== undefined && !plain) {
    problems.add(`--oidc-issuer is not valid: "${issuer}" is not an https URL without a query`);
  }
  if (
    !/^[\x21-\x7e]{0,64}$/.test(flags.oidcUserPrefix) ||
    flags.oidcUserPrefix.startsWith('system:')
  ) {
    problems.add('--oidc-user-prefix is not valid: at most 64 plain characters, not of system:');
  }
  return {
    issuer,
    clientId: oidcClientId ?? '',
    clientSecretFile: oidcClientSecretFile ?? '',
    ...(oidcCaFile === undefined ? {} : { caFile: oidcCaFile }),
    scopes: flags.oidcScope.split(/[ ,]+/).filter((scope) => scope !== '' && scope !== 'openid'),
    groupsClaim: flags.oidcGroupsClaim,
    prefix: flags.oidcUserPrefix,
    rulesFile: loginRules ?? '',
  };
}
