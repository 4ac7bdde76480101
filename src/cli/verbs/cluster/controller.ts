/** `controller`: the controllers of a cluster. The running itself is app's. */
import { isIP } from 'node:net';
import { type Command, Option } from 'commander';
import type { ControllerOptions } from '#app/index.ts';
import {
  accessSettings,
  controllerSettings,
  type SettingValues,
  settingValues,
} from '../../input/controller-settings.ts';
import type { GlobalFlags } from '../../input/format.ts';
import { portProblems } from '../../input/port.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo, Outcome } from '../../io.ts';

const help = `
Every flag is also a variable, so that a Deployment can set it; the flag wins. The kubeconfig is
that of kubectl; in a pod it is the service account. --namespace is the controller's own.

Examples:
  drawbridge controller --enable-grants --grant-server-autoconfigure
  drawbridge controller --enable-grants --grant-server-base-url grants.example.com:9090 \\
    --enabled-access-types local,nodeport --cluster-host nodes.example.com
  drawbridge controller -n team-a --watch-namespace team-a`;

/** Flags of the verb, as commander names them. */
type OwnFlags = Readonly<Record<string, string | true | undefined>>;

/** Image whose tag is the version of this program. */
const imageDefault = 'drawbridge';

/** Makes the verb of its group, which has no further ones. */
export function addController(command: Command, io: CliIo, outcome: Outcome): void {
  command.addHelpText('after', help);
  for (const { flag, env, fallback, description, boolean } of controllerSettings) {
    const told = fallback === '' || boolean === true ? '' : `, default ${fallback}`;
    const syntax = boolean === true ? `--${flag}` : `--${flag} <value>`;
    command.addOption(new Option(syntax, `${description} (${env}${told})`));
  }
  command.action(async (own: OwnFlags, _command: Command) => {
    const options = readController(own, command.optsWithGlobals<GlobalFlags>(), io);
    const { runController } = await import('#app/index.ts');
    outcome.exitCode = await runController(options);
  });
}

/** The settings as values. @throws CliError CLI_USAGE naming everything that is wrong */
export function readController(
  own: OwnFlags,
  globals: GlobalFlags,
  io: Pick<CliIo, 'env' | 'version'>,
): ControllerOptions {
  const problems = new Problems();
  const given = new Map(
    controllerSettings.flatMap(({ flag }) => {
      const value =
        own[flag.replaceAll(/-(?<letter>[a-z])/g, (_all, letter) => letter.toUpperCase())];
      return value === undefined ? [] : [[flag, String(value)] as const];
    }),
  );
  const values = settingValues(given, io.env, problems);
  const text = (flag: string): string => values.get(flag) ?? '';
  if (globals.output !== undefined) problems.add("--output has no meaning for 'controller'");
  problems.add(...portProblems('--grant-server-port', text('grant-server-port')));
  const access = accessSettings(values, problems);
  const metrics = metricsPlace(values, problems);
  const pullPolicy = pullPolicyOf(text('router-pull-policy'), problems);
  problems.throwIfAny("see 'drawbridge controller --help'");
  const namespace = globals.namespace ?? io.env['NAMESPACE'] ?? '';
  return {
    kubeconfig: {
      ...(globals.kubeconfig === undefined ? {} : { path: globals.kubeconfig }),
      ...(globals.context === undefined ? {} : { context: globals.context }),
    },
    ...(namespace === '' ? {} : { namespace }),
    ...(text('watch-namespace') === '' ? {} : { watchNamespace: text('watch-namespace') }),
    name: text('name'),
    requireExplicitControl: text('require-explicit-control') === 'true',
    securityContext: text('disable-security-context') !== 'true',
    grants: {
      enabled: text('enable-grants') === 'true',
      autoconfigure: text('grant-server-autoconfigure') === 'true',
      baseUrl: text('grant-server-base-url'),
      port: Number(text('grant-server-port')),
    },
    podName: text('grant-server-podname'),
    access,
    image: {
      image: text('router-image') === '' ? `${imageDefault}:${io.version}` : text('router-image'),
      pullPolicy,
    },
    ...(metrics === undefined ? {} : { metrics }),
  };
}

function pullPolicyOf(text: string, problems: Problems): ControllerOptions['image']['pullPolicy'] {
  if (text === 'Always' || text === 'IfNotPresent' || text === 'Never') return text;
  problems.add(
    `--router-pull-policy is not valid: "${text}" is none of Always, IfNotPresent, Never`,
  );
  return 'Always';
}

/** `:9000` is all addresses, as others write it. */
function metricsPlace(values: SettingValues, problems: Problems): ControllerOptions['metrics'] {
  if (values.get('disable-metrics') === 'true') return undefined;
  const text = values.get('metrics-address') ?? '';
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, '');
  const port = text.slice(colon + 1);
  if (colon < 0 || (host !== '' && isIP(host) === 0)) {
    problems.add(`--metrics-address is not valid: "${text}" is not ADDRESS:PORT`);
  } else {
    problems.add(...portProblems('--metrics-address', port, 0));
  }
  return { host: host === '' ? '::' : host, port: Number(port) };
}
