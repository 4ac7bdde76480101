/**
 * A GatewayToken opens no more than its creator may do himself, unless he holds the verb `escalate` on
 * gatewaytokens. Who created it is written down by the server, and nobody else can.
 */
import {
  type DynamicObject,
  equalJson,
  forbiddenResource,
  isRecord,
  type StatusError,
} from '#kube/index.ts';
import {
  type HeldRules,
  type PolicyRule,
  ruleText,
  serviceAccountUser,
  uncoveredRules,
  type User,
} from '#rbac/index.ts';
import type { ObjectGate, ProposedWrite } from '../../objects/object-gate.ts';
import { type Authorizer, fullRules, isMaster } from '../authorization/authorizer.ts';
import { whoText } from './role-gate.ts';

export interface GatewayTokenGateDeps {
  readonly authorizer: Authorizer;
  rulesFor(user: User, namespace: string): HeldRules;
}

/** The fields of a token's spec that open something. */
interface Opening {
  readonly rules?: readonly GatewayRule[];
  readonly connect?: readonly string[];
  readonly urls?: readonly string[];
}

interface GatewayRule {
  readonly effect?: string;
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly subresources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly namespaces?: readonly string[];
}

const plural = 'gatewaytokens';
const group = 'drawbridge.dev';

/** The right that a way in by a named capability stands for, where it is not to create a stream. */
const capabilityVerbs: Readonly<Record<string, readonly string[]>> = {
  log: ['get'],
  vnc: ['get'],
  console: ['get'],
  usbredir: ['get'],
};

/** The gate of GatewayToken. */
export function gatewayTokenGate(deps: GatewayTokenGateDeps): ObjectGate {
  return (write) => {
    const { target, user, object, old } = write;
    if (target.definition.plural !== plural || target.definition.group !== group) return object;
    const free = isMaster(user) || mayEscalate(deps, write);
    if (old) {
      if (!free) checkStatus(write, old);
      return withIssuer(object, issuerOf(old));
    }
    if (!free) {
      refuseLogin(write, undefined);
      checkOpening(deps, write);
    }
    return withIssuer(object, user.name);
  };
}

function mayEscalate(
  { authorizer }: GatewayTokenGateDeps,
  { user, target }: ProposedWrite,
): boolean {
  const { namespace, version } = target;
  const place = { group, version, resource: plural, subresource: '', namespace, name: '' };
  return authorizer.decide(user, { type: 'resource', verb: 'escalate', ...place }).allowed;
}

/** @throws StatusError KUBE_FORBIDDEN naming what the creator does not hold */
function checkOpening(deps: GatewayTokenGateDeps, { user, object, target }: ProposedWrite): void {
  const spec: Opening = isRecord(object['spec']) ? object['spec'] : {};
  const missing: string[] = [];
  for (const { namespace, rules } of wantedIn(spec)) {
    const lacking = uncoveredRules(deps.rulesFor(user, namespace).rules, rules);
    const where =
      namespace === '' ? 'in all namespaces' : `in the namespace ${JSON.stringify(namespace)}`;
    for (const rule of lacking) missing.push(`${ruleText(rule)} ${where}`);
  }
  if (missing.length === 0) return;
  const lines = [...new Set(missing)].sort().join('\n');
  const why = `${whoText(user)} is attempting to open what is not allowed to him:\n${lines}`;
  throw forbiddenResource(target.definition, object.metadata.name, why);
}

/** What the creator must hold, by namespace; the empty one means everywhere. */
function wantedIn(spec: Opening): { readonly namespace: string; readonly rules: PolicyRule[] }[] {
  const found: { readonly namespace: string; readonly rules: PolicyRule[] }[] = [];
  for (const rule of spec.rules ?? []) {
    if (rule.effect === 'deny') continue;
    const rules = policyRules(rule, spec.connect ?? []);
    const { namespaces = [] } = rule;
    const everywhere = namespaces.length === 0 || namespaces.includes('*');
    for (const namespace of everywhere ? [''] : namespaces) found.push({ namespace, rules });
  }
  // Patterns may match anything: only who may do everything can say what they open.
  if ((spec.urls ?? []).length > 0) found.push({ namespace: '', rules: [...fullRules] });
  return found;
}

/** A rule of a token in the words of RBAC. An empty list means any. */
function policyRules(rule: GatewayRule, connect: readonly string[]): PolicyRule[] {
  const { verbs = [], resources = [], resourceNames = [], subresources = [] } = rule;
  const anyOf = (list: readonly string[] = []): readonly string[] =>
    list.length === 0 ? ['*'] : list;
  const base = {
    apiGroups: anyOf(rule.apiGroups),
    ...(resourceNames.length === 0 || resourceNames.includes('*') ? {} : { resourceNames }),
  };
  return anyOf(resources).flatMap((entry): PolicyRule[] => {
    const [name = '', own] = entry.split('/', 2);
    const parts = own === undefined ? subresources : [own];
    // RBAC has no way to say "every subresource of this": only the star of all resources covers it.
    const named = parts.map((part) => (part === '*' ? '*' : `${name}/${part}`));
    const wanted = own === undefined ? [name, ...named] : named;
    const streams = connect.map((capability) => ({
      ...base,
      verbs: capability === 'proxy' ? verbs : (capabilityVerbs[capability] ?? ['create']),
      resources: [name === '*' ? '*' : `${name}/${capability}`],
    }));
    return [{ ...base, verbs, resources: wanted }, ...streams];
  });
}

/**
 * Writing the status is not enough to take over somebody's token, or to approve one for others.
 * @throws StatusError KUBE_FORBIDDEN
 */
function checkStatus({ user, object, target }: ProposedWrite, old: DynamicObject): void {
  const refuse = (why: string): StatusError =>
    forbiddenResource(target.definition, object.metadata.name, `${whoText(user)} ${why}`);
  const [before, after] = [statusOf(old), statusOf(object)];
  refuseLogin({ user, object, target }, before['login']);
  const issued = issuerOf(old) === user.name;
  if (after['codeHash'] !== before['codeHash']) {
    const first = before['codeHash'] === undefined;
    if (!first || !issued) throw refuse('is not its issuer, who alone gives it a code, once');
  }
  const given = approvalsIn(before);
  const added = approvalsIn(after).filter((each) => !given.some((one) => equalJson(one, each)));
  if (added.length === 0 && approvalsIn(after).length <= given.length) return;
  if (issued) throw refuse('cannot approve what he issued himself');
  const own = added.length === 1 && isRecord(added[0]) && isSubject(added[0], user);
  if (!own || approvalsIn(after).length > given.length + 1) {
    throw refuse('can approve in his own name only, and once');
  }
}

/**
 * The gateway acts as whoever a token says has logged in: only it may say so.
 * @throws StatusError KUBE_FORBIDDEN
 */
function refuseLogin(
  { user, object, target }: Pick<ProposedWrite, 'user' | 'object' | 'target'>,
  before: unknown,
): void {
  if (equalJson(statusOf(object)['login'] ?? null, before ?? null)) return;
  const why = `${whoText(user)} cannot say who has logged in`;
  throw forbiddenResource(target.definition, object.metadata.name, why);
}

function isSubject(subject: Readonly<Record<string, unknown>>, user: User): boolean {
  const { kind, name, namespace } = subject;
  if (typeof name !== 'string') return false;
  if (kind === 'User') return name === user.name;
  if (kind !== 'ServiceAccount' || typeof namespace !== 'string') return false;
  return serviceAccountUser({ namespace, name }) === user.name;
}

function statusOf(object: DynamicObject): Readonly<Record<string, unknown>> {
  const { status } = object;
  return isRecord(status) ? status : {};
}

function approvalsIn(status: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { approvals } = status;
  return Array.isArray(approvals) ? approvals : [];
}

function issuerOf(object: DynamicObject): string | undefined {
  const { status } = object;
  const issuer = isRecord(status) ? status['issuedBy'] : undefined;
  return typeof issuer === 'string' ? issuer : undefined;
}

function withIssuer(object: DynamicObject, issuer: string | undefined): DynamicObject {
  if (issuerOf(object) === issuer) return object;
  const { status } = object;
  const { issuedBy: _, ...rest } = isRecord(status) ? status : {};
  return { ...object, status: issuer === undefined ? rest : { ...rest, issuedBy: issuer } };
}
