/**
 * Follows the verdicts that people make through the API server: counts each once, soon after it was
 * made, writes into its status what became of it, and clears it away later. What was decided stays in
 * the token's own status.
 *
 *   made --> vouched for --> counted or refused --> removed after an hour
 *        \--> nobody vouches in time: refused
 */
import {
  gatewayTextMax,
  type GatewayVerdict,
  gatewayVerdict,
  readyConditions,
} from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import {
  type ConditionState,
  findCondition,
  keyOf,
  objectPath,
  parseTime,
  settleStatus,
  stateError,
  stateReady,
} from '#kube/index.ts';
import { type Informer, isKubeError, type KubeClient } from '#kubeclient/index.ts';
import { anonymousName } from '#rbac/index.ts';
import { GatewayError } from '../errors.ts';
import type { Recorder } from '../http/recorder.ts';
import type { Approvals, Decided } from '../oversight/approvals.ts';
import { isReason } from '../oversight/decide-approval.ts';
import type { Approvers } from './approvers.ts';

export interface VerdictFollowerDeps {
  readonly client: Pick<KubeClient, 'updateStatus' | 'remove'>;
  readonly verdicts: Informer<GatewayVerdict>;
  readonly approvals: Pick<Approvals, 'decideAs'>;
  readonly approvers: Approvers;
  readonly recorder: Pick<Recorder, 'refuseUnrecorded' | 'onDecided'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two looks at what could not be counted, or is old; milliseconds. */
const sweepMs = 2000;
/** A verdict that no gateway has counted so long after it was made is not counted any more. */
const ageMsMax = 60_000;
/** Verdicts that have been settled stay so long, for their makers to read. */
const keepMs = 3_600_000;
/** Verdicts that are counted at the same time; others wait for the next look. */
const busyMax = 32;

export class VerdictFollower implements Running {
  readonly #deps: VerdictFollowerDeps;
  /** By uid. */
  readonly #busy = new Set<string>();
  #leave: () => void = () => undefined;
  #sweep: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(deps: VerdictFollowerDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { verdicts } = this.#deps;
    this.#leave = verdicts.onChange(({ type, object }) => {
      if (type !== 'deleted') this.#look(object);
    });
    verdicts.start();
    this.#sweep = setInterval(() => {
      for (const verdict of verdicts.list()) this.#look(verdict);
    }, sweepMs);
    this.#sweep.unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#sweep);
    this.#leave();
    await this.#deps.verdicts.stop();
  }

  #look(verdict: GatewayVerdict): void {
    const { uid = '' } = verdict.metadata;
    if (this.#isStopped || this.#busy.has(uid) || this.#busy.size >= busyMax) return;
    const ageMs = this.#ageMsOf(verdict);
    const isSettled = findCondition(verdict.status?.conditions, 'Counted') !== undefined;
    if (isSettled && ageMs < keepMs) return;
    this.#busy.add(uid);
    const work = isSettled ? this.#remove(verdict) : this.#settle(verdict, ageMs);
    work
      .catch((thrown: unknown) => {
        if (this.#isStopped) return;
        this.#deps.log.warn('a verdict about a grant waits', { reason: messageOf(thrown) });
      })
      .finally(() => this.#busy.delete(uid));
  }

  /** A verdict that shows no time is as old as can be. */
  #ageMsOf({ metadata }: GatewayVerdict): number {
    return this.#deps.clock.nowMs() - (parseTime(metadata.creationTimestamp ?? '') ?? 0);
  }

  async #settle(verdict: GatewayVerdict, ageMs: number): Promise<void> {
    if (ageMs > ageMsMax) return this.#write(verdict, stateError(lateText));
    const approver = this.#deps.approvers.approverOf(verdict);
    // Another replica may have been told who it is.
    if (approver === undefined) return;
    const name = approver.user;
    if (name === anonymousName || name.length > gatewayTextMax) {
      return this.#write(verdict, stateError('A user of this name cannot approve'));
    }
    try {
      const decided = await this.#count(verdict, approver);
      await this.#write(verdict, stateReady(), { name, missing: decided.missing });
    } catch (thrown) {
      if (!(thrown instanceof GatewayError) || thrown.httpStatus >= 500) throw thrown;
      await this.#write(verdict, stateError(thrown.message), { name });
    }
  }

  async #count(
    verdict: GatewayVerdict,
    approver: Parameters<Approvals['decideAs']>[0],
  ): Promise<Decided> {
    const { approvals, recorder, clock } = this.#deps;
    const { token, uid, decision, reason } = verdict.spec;
    if (reason !== undefined && !isReason(reason)) {
      throw new GatewayError('GATEWAY_REQUEST', 'the reason must be one line of text');
    }
    recorder.refuseUnrecorded();
    const facts = {
      auditId: verdict.metadata.uid ?? '',
      method: 'CREATE',
      target: objectPath(gatewayVerdict, keyOf(verdict)),
      startMs: clock.monotonicMs(),
      client: '',
      admitted: {},
    };
    const { namespace = '' } = verdict.metadata;
    const wish = { key: { namespace, name: token }, uid, decision, reason };
    const decided = await approvals.decideAs(approver, wish);
    if (decided.isNew) recorder.onDecided(decided, wish, facts);
    return decided;
  }

  /** Somebody else may settle the same verdict: a conflict means that it was done. */
  async #write(
    verdict: GatewayVerdict,
    state: ConditionState,
    { name, missing }: { readonly name?: string; readonly missing?: number } = {},
  ): Promise<void> {
    const { client, clock } = this.#deps;
    const before = verdict.status ?? {};
    const at = { nowMs: clock.nowMs(), generation: verdict.metadata.generation };
    const status: NonNullable<GatewayVerdict['status']> = {
      ...settleStatus(before, { Counted: state }, readyConditions.GatewayVerdict, at),
      ...(name === undefined || before.approver !== undefined ? {} : { approver: { name } }),
      ...(missing === undefined ? {} : { missing }),
    };
    try {
      await client.updateStatus(gatewayVerdict, { ...verdict, status });
    } catch (thrown) {
      if (!isKubeError(thrown, 'KUBE_CONFLICT') && !isKubeError(thrown, 'KUBE_NOT_FOUND')) {
        throw thrown;
      }
    }
  }

  async #remove(verdict: GatewayVerdict): Promise<void> {
    const { uid = '' } = verdict.metadata;
    try {
      await this.#deps.client.remove(gatewayVerdict, keyOf(verdict), { uid });
    } catch (thrown) {
      // Another of that name.
      if (!isKubeError(thrown, 'KUBE_CONFLICT')) throw thrown;
    }
  }
}

const lateText =
  'No gateway counted it in time: decide again when one is running, and in a cluster is asked by the API server about verdicts';
