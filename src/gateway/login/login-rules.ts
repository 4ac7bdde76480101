/** What people may do after login, by group or name: a list in YAML that the operator writes. */
import { parse } from 'yaml';
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { apiVersionOf, checkSchema, isRecord, parseDuration, pruneUnknown } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import { defaultGrantLimits } from '../grant/grant-facts.ts';
import type { Person } from './person.ts';

/** One entry: who, and what that opens. Names are those of the provider, without prefix. */
export interface LoginRule {
  readonly groups: readonly string[];
  readonly users: readonly string[];
  readonly rules: NonNullable<GatewayToken['spec']['rules']>;
  readonly connect: NonNullable<GatewayToken['spec']['connect']>;
  /** How long one login lasts, such as `8h`. */
  readonly sessionMax: string;
}

const members = new Set(['groups', 'users', 'rules', 'connect', 'sessionMax']);
const sessionMaxDefault = '8h';
/** Rules of one grant. */
const rulesMax = 64;

/** @throws GatewayError GATEWAY_CONFIG naming the entry that is wrong */
export function parseLoginRules(text: string): readonly LoginRule[] {
  let list: unknown;
  try {
    list = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw wrong('it is not YAML', cause);
  }
  if (!Array.isArray(list) || list.length === 0) throw wrong('it is not a list of entries');
  return list.map((entry, at) => readRule(entry, `entry ${at + 1}`));
}

function readRule(entry: unknown, where: string): LoginRule {
  if (!isRecord(entry)) throw wrong(`${where} is not an object`);
  const unknown = Object.keys(entry).find((name) => !members.has(name));
  if (unknown !== undefined)
    throw wrong(`${where} has an unknown member ${JSON.stringify(unknown)}`);
  const groups = names(entry['groups'], `${where}: groups`);
  const users = names(entry['users'], `${where}: users`);
  if (groups.length + users.length === 0) throw wrong(`${where} names neither groups nor users`);
  const { rules = [], connect = [], sessionMax = sessionMaxDefault } = entry;
  const object = {
    apiVersion: apiVersionOf(gatewayToken),
    kind: gatewayToken.kind,
    metadata: { name: 'x' },
    spec: { rules, connect, sessionMax },
  };
  const [fault] = checkSchema(gatewayToken.schema, object);
  if (fault !== undefined) throw wrong(`${where}: ${fault.field}: ${fault.message}`);
  const [surplus] = pruneUnknown(gatewayToken.schema, structuredClone(object));
  if (surplus !== undefined) throw wrong(`${where}: ${surplus} is no member of a grant`);
  const checked: GatewayToken['spec'] = object.spec as GatewayToken['spec'];
  if ((checked.rules ?? []).length === 0) throw wrong(`${where} has no rules`);
  const life = checked.sessionMax ?? sessionMaxDefault;
  const lifeMs = millisecondsOf(life);
  if (!(lifeMs > 0 && lifeMs <= defaultGrantLimits.windowMsMax)) {
    throw wrong(`${where}: sessionMax is no duration of at most 12h, such as 8h`);
  }
  return {
    groups,
    users,
    rules: checked.rules ?? [],
    connect: checked.connect ?? [],
    sessionMax: life,
  };
}

function names(value: unknown, where: string): readonly string[] {
  if (value === undefined) return [];
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.map((name) => {
    if (typeof name === 'string' && name !== '') return name;
    throw wrong(`${where} must be a list of names`);
  });
}

function millisecondsOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/**
 * What a person may do: the entries for the person together, for as long as the shortest says.
 * @returns undefined when no entry is for the person
 * @throws GatewayError GATEWAY_DENIED when it is more than one grant can hold
 */
export function openedFor(
  { name, groups }: Pick<Person, 'name' | 'groups'>,
  rules: readonly LoginRule[],
): Pick<GatewayToken['spec'], 'rules' | 'connect' | 'sessionMax'> | undefined {
  const mine = rules.filter(
    (rule) => rule.users.includes(name) || rule.groups.some((group) => groups.includes(group)),
  );
  const [shortest] = mine
    .map(({ sessionMax }) => sessionMax)
    .sort((one, other) => millisecondsOf(one) - millisecondsOf(other));
  if (shortest === undefined) return undefined;
  const all = mine.length === 1 ? mine.flatMap((entry) => entry.rules) : mine.flatMap(ownStreams);
  if (all.length > rulesMax) {
    throw new GatewayError('GATEWAY_DENIED', `your groups have more than ${rulesMax} rules`);
  }
  const connect = [...new Set(mine.flatMap((rule) => rule.connect))];
  return { rules: all, connect, sessionMax: shortest };
}

/** The rules of an entry, so that they open its streams and not those of another entry. */
function ownStreams({ rules, connect }: LoginRule): LoginRule['rules'] {
  return rules.map((rule) => {
    if (rule.effect === 'deny') return rule;
    return { ...rule, connect: connect.filter((each) => rule.connect?.includes(each) ?? true) };
  });
}

function wrong(why: string, cause?: unknown): GatewayError {
  return new GatewayError('GATEWAY_CONFIG', `the login rules cannot be used: ${why}`, { cause });
}
