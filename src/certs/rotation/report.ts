/** Tells where rotations stand: a condition and Events on the Certificate, and gauges to alert on. */
import type { EventRecorder } from '#kubeclient/index.ts';
import { unreachable } from '#base/assert.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import {
  type ConditionState,
  formatTime,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
} from '#kube/index.ts';
import type { Decision } from '../decision.ts';
import { type Certificate, specOf } from '../kinds.ts';
import type { StoredCertificate } from '../stored-certificate.ts';
import type { RotationFacts, RotationProgress } from './decision.ts';

export interface RotationReportDeps {
  readonly metrics: MetricsRegistry;
  readonly events?: Pick<EventRecorder, 'record'>;
}

/** Names told in one sentence; of further ones only the count. */
const namesMax = 5;

export class RotationReport {
  readonly #deps: RotationReportDeps;
  /** One entry per authority that rotates now. */
  readonly #underWay = new Map<string, RotationProgress>();

  constructor(deps: RotationReportDeps) {
    this.#deps = deps;
    const all = (): RotationProgress[] => [...this.#underWay.values()];
    deps.metrics.gauge(
      'drawbridge_ca_rotations_under_way',
      'CAs that get a new key now, old and new being trusted',
      () => all().length,
    );
    deps.metrics.gauge(
      'drawbridge_ca_rotation_sites_left_behind',
      'Sites that fail when the old CA is no longer trusted, unless they get a new token',
      () => all().reduce((sum, { failing }) => sum + failing.length, 0),
    );
  }

  /** The Certificate is gone. */
  forget(key: ObjectKey): void {
    this.#underWay.delete(keyText(key));
  }

  /** What the condition Rotating should say; undefined: there is nothing to say. */
  told(
    object: Certificate,
    stored: StoredCertificate | undefined,
    { record, settings }: RotationFacts,
    decision: Decision,
  ): ConditionState | undefined {
    if (specOf(object).ca !== '') return undefined;
    const { name } = object.metadata;
    if (stored !== undefined && !stored.controlled) {
      this.forget(keyOf(object));
      return no('UserProvided', userProvidedMessage(name));
    }
    const progress = decision.kind === 'keep' ? decision.progress : undefined;
    if (progress !== undefined) {
      this.#follow(object, progress);
      return {
        status: 'True',
        reason: progress.phase,
        message: messageOf(progress, settings.fault),
      };
    }
    if (decision.kind === 'introduce' || decision.kind === 'switch') {
      const reason = decision.kind === 'switch' ? 'Overlapping' : 'Introducing';
      return { status: 'True', reason, message: phaseMessages[reason] };
    }
    if (decision.kind !== 'bundle') this.forget(keyOf(object));
    if (settings.fault !== undefined) return no('InvalidSetting', settings.fault);
    if (record === undefined || decision.kind === 'authority') return undefined;
    if (record.completedMs === undefined) return undefined;
    const when = formatTime(record.completedMs);
    return no(
      'Rotated',
      `The CA got a new key (${record.reason}); the old one is not trusted since ${when}`,
    );
  }

  /** A step was taken. */
  onStep(
    object: Certificate,
    decision: Extract<Decision, { kind: 'introduce' | 'switch' | 'complete' }>,
  ): void {
    const { name } = object.metadata;
    switch (decision.kind) {
      case 'introduce':
        this.#say(object, 'RotationStarted', `CA "${name}" gets a new key (${decision.reason})`);
        break;
      case 'switch':
        this.#say(
          object,
          'RotationSwitched',
          `CA "${name}" signs with its new key; the old one is still trusted`,
        );
        break;
      case 'complete':
        this.#say(object, 'RotationCompleted', `The old key of CA "${name}" is no longer trusted`);
        break;
      default:
        unreachable(decision, 'step of a rotation');
    }
  }

  #follow(object: Certificate, progress: RotationProgress): void {
    const id = keyText(keyOf(object));
    const before = this.#underWay.get(id)?.failing ?? [];
    this.#underWay.set(id, progress);
    const { failing, endsMs } = progress;
    if (failing.length === 0 || failing.join() === before.join()) return;
    const message = failingMessage(failing, endsMs);
    this.#record(object, { type: 'Warning', reason: 'RotationLeavesBehind', message });
  }

  #say(object: Certificate, reason: string, message: string): void {
    this.#record(object, { type: 'Normal', reason, message });
  }

  #record(object: KubeObject, event: Parameters<EventRecorder['record']>[1]): void {
    this.#deps.events?.record(object, event);
  }
}

/** Said of an authority that was brought along. */
export function userProvidedMessage(name: string): string {
  return `Secret "${name}" was brought by its user and is never rotated: replace it where it comes from`;
}

const phaseMessages = {
  Introducing: 'A new CA was made and is being made known; the present one signs',
  Overlapping: 'The new CA signs; the old one is still trusted',
} as const;

function messageOf(
  { phase, waitsFor, failing, endsMs }: RotationProgress,
  fault: string | undefined,
): string {
  return [
    phaseMessages[phase],
    ...(waitsFor.length === 0 ? [] : [listOf(waitsFor, '; ')]),
    ...(failing.length === 0 ? [] : [failingMessage(failing, endsMs)]),
    ...(failing.length > 0 || endsMs === undefined
      ? []
      : [`at the latest until ${formatTime(endsMs)}`]),
    ...(fault === undefined ? [] : [fault]),
  ].join('; ');
}

function failingMessage(failing: readonly string[], endsMs: number | undefined): string {
  const when = endsMs === undefined ? 'then' : `after ${formatTime(endsMs)}`;
  return `cannot renew over the link and fails ${when} unless it redeems a new token: ${listOf(failing, ', ')}`;
}

function listOf(parts: readonly string[], separator: string): string {
  const more = parts.length - namesMax;
  return [...parts.slice(0, namesMax), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

function no(reason: string, message: string): ConditionState {
  return { status: 'False', reason, message };
}
