import type { Approval, Role } from '../domain/approval.ts';
import { DEFAULT_BREAK_GLASS } from '../domain/break-glass.ts';
import type { OperationRow } from '../domain/operation.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { addPerson, APPROVAL, as, createTestApi, INCIDENT, NOW, ROW } from './test-api.ts';
import { addGlassKey } from './test-break-glass.ts';

/** The secret of the key that `giveKey` gives. */
export const GLASS_KEY = `fbg_${'k'.repeat(43)}`;

const PEOPLE: readonly (readonly [string, readonly Role[]])[] = [
  ['olga', ['approver-model-owner']],
  ['sam', ['approver-security']],
  ['root', ['admin']],
  ['rita', ['admin']],
];

const YES = { planDigest: APPROVAL.planDigest, verdict: 'approve', breakGlass: 'Sam sleeps' };

/** One server over memory, an approval of R3 for one effect, and people of whom Olga may break glass. */
export class GlassStage {
  nowMs = Date.parse(NOW);
  settings = DEFAULT_BREAK_GLASS;
  readonly given = createTestApi({
    clock: () => new Date(this.nowMs),
    breakGlass: () => this.settings,
  });

  get memory() {
    return this.given.memory;
  }

  /** As at the beginning, so that tests share one server. */
  reset(): void {
    const { memory } = this;
    this.nowMs = Date.parse(NOW);
    this.settings = DEFAULT_BREAK_GLASS;
    for (const map of [memory.decisions, memory.glassSecrets, memory.sessions]) map.clear();
    for (const list of [memory.glassKeys, memory.glassBreaks, memory.glassTold]) list.length = 0;
    for (const list of [memory.refusedAnswers, memory.legalHolds]) list.length = 0;
    memory.holdTrouble = null;
    memory.incidents.set('inc_1', INCIDENT);
    for (const [id, roles] of PEOPLE) addPerson(memory, id, roles);
    for (const id of ['root', 'rita']) this.setApproving(id, true);
    this.setPlan({});
  }

  setApproving(id: string, canApprove: boolean): void {
    const sha256 = sha256Hex(`fb_${id}`);
    const token = this.memory.tokens.get(sha256);
    if (token !== undefined) this.memory.tokens.set(sha256, { ...token, canApprove });
  }

  /** One plan, of an effect of the isolate step, as the approval lists it. */
  setPlan(row: Partial<OperationRow>, approval: Partial<Approval> = {}): void {
    const { memory } = this;
    const stored: OperationRow = { ...ROW, state: 'planned', approvalClass: 'R3', ...row };
    memory.operations.splice(0, memory.operations.length, stored);
    const { operation, target, round, planDigest, plan, use, approvalClass } = stored;
    const listed = { operation, target, round, digest: planDigest, summary: plan.summary };
    const plans = [{ ...listed, action: use, approvalClass, undo: plan.undo }];
    memory.approvals.set('apr_1', { ...APPROVAL, plans, ...approval });
  }

  plans(): Approval['plans'] {
    return this.memory.approvals.get('apr_1')?.plans ?? [];
  }

  status(): Approval['status'] | undefined {
    return this.memory.approvals.get('apr_1')?.status;
  }

  giveKey(person = 'olga'): void {
    addGlassKey(this.memory, person, GLASS_KEY);
  }

  post(path: string, person: string, payload: object = {}) {
    const headers = as(person);
    return this.given.app.inject({ method: 'POST', url: `/api/v1${path}`, headers, payload });
  }

  break(person = 'olga', change: object = {}) {
    const payload = { key: GLASS_KEY, reason: 'alone at 03:00', ...change };
    return this.post('/incidents/inc_1/break-glass', person, payload);
  }

  /** A yes with the glass broken, unless it is changed. */
  answer(person = 'olga', change: object = {}) {
    return this.post('/approvals/apr_1/decision', person, { ...YES, ...change });
  }
}
