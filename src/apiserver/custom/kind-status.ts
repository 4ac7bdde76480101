/** What becomes of a CustomResourceDefinition: whether its names are free, and its conditions. */
import {
  type CrdCondition,
  type CrdNames,
  type CustomResourceDefinition,
  formatTime,
  qualifiedResource,
  type Registry,
} from '#kube/index.ts';

/** Why the names of a kind cannot be used. */
export interface NameConflict {
  readonly reason: string;
  readonly message: string;
}

/** The first name that another kind of the group has already. */
export function nameConflict(
  registry: Registry,
  crd: CustomResourceDefinition,
): NameConflict | undefined {
  const { group = '', names = {} } = crd.spec ?? {};
  const others = registry.all.filter(
    (each) => each.group === group && qualifiedResource(each) !== crd.metadata.name,
  );
  const resources = new Set(
    others.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames]),
  );
  const kinds = new Set(others.flatMap(({ kind, listKind }) => [kind, listKind]));
  const asked: readonly [string, readonly string[], ReadonlySet<string>][] = [
    ['PluralConflict', [names.plural ?? ''], resources],
    ['SingularConflict', [names.singular ?? ''], resources],
    ['ShortNamesConflict', names.shortNames ?? [], resources],
    ['KindConflict', [names.kind ?? ''], kinds],
    ['ListKindConflict', [names.listKind ?? ''], kinds],
  ];
  for (const [reason, wanted, taken] of asked) {
    const name = wanted.find((each) => taken.has(each));
    if (name !== undefined) return { reason, message: `${JSON.stringify(name)} is already in use` };
  }
  return undefined;
}

type Finding = Omit<CrdCondition, 'lastTransitionTime'>;

/** The status of a definition whose names are free, or in conflict. */
export function statusOf(
  crd: CustomResourceDefinition,
  conflict: NameConflict | undefined,
  nowMs: number,
): NonNullable<CustomResourceDefinition['status']> {
  const { spec = {}, status = {} } = crd;
  const free: Finding[] = [
    {
      type: 'NamesAccepted',
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
  ];
  const taken = (found: NameConflict): Finding[] => [
    { type: 'NamesAccepted', status: 'False', ...found },
    {
      type: 'Established',
      status: 'False',
      reason: 'NotAccepted',
      message: 'not all names are accepted',
    },
  ];
  const storage = (spec.versions ?? []).find((version) => version.storage === true)?.name;
  const stored = status.storedVersions ?? [];
  const known = storage === undefined || stored.includes(storage);
  const names: CrdNames = conflict === undefined ? { ...spec.names } : { ...status.acceptedNames };
  return {
    conditions: merged(
      status.conditions ?? [],
      conflict === undefined ? free : taken(conflict),
      nowMs,
    ),
    acceptedNames: names,
    storedVersions: known ? stored : [...stored, storage],
  };
}

/** The status of a definition whose objects are being deleted. */
export function terminatingStatus(
  crd: CustomResourceDefinition,
  nowMs: number,
): NonNullable<CustomResourceDefinition['status']> {
  const finding: Finding = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  };
  const { status = {} } = crd;
  return { ...status, conditions: merged(status.conditions ?? [], [finding], nowMs) };
}

/** Conditions with what was found; times change only where the state does. */
function merged(
  before: readonly CrdCondition[],
  findings: readonly Finding[],
  nowMs: number,
): CrdCondition[] {
  const fresh = findings.map((finding): CrdCondition => {
    const old = before.find(({ type }) => type === finding.type);
    const same = old?.status === finding.status;
    return { ...finding, lastTransitionTime: same ? old.lastTransitionTime : formatTime(nowMs) };
  });
  const names = new Set(findings.map(({ type }) => type));
  return [...before.filter(({ type }) => !names.has(type)), ...fresh];
}
