// Goal: an answer to an approval is one signed row or a refusal, through every door by the same rules; what is refused leaves
// nothing. Method: one table of refusals, looped over the API, the command line, the page and the buttons of Slack's card, each over
// a store in memory: the whole program, a browser that sends the page's forms, the real Bolt and the official client.
import { afterEach, describe, expect, test } from '@jest/globals';
import { APPROVAL } from '../../api/test-api.ts';
import { signedPart } from '../../domain/decision.ts';
import type { Approval } from '../../domain/approval.ts';
import { digestOf } from '../../evidence/digest.ts';
import { DOORS, lose, type DoorStage } from './door.ts';

let stage: DoorStage | null = null;
afterEach(() => stage?.close());

interface Refusal {
  readonly name: string;
  /** What happens once the approval was shown. */
  readonly then?: (given: DoorStage) => void;
  readonly answers: readonly string[];
  /** All at the same time. */
  readonly together?: boolean;
  /** Who has decided in the end. */
  readonly by: readonly string[];
  readonly status?: Approval['status'];
}

/** Changes the approval as the engine would. */
const change =
  (fields: Partial<Approval>) =>
  ({ api: { memory } }: DoorStage): void => {
    memory.approvals.set('apr_1', { ...APPROVAL, ...fields });
  };

const REFUSALS: readonly Refusal[] = [
  { name: 'a replay', answers: ['sam', 'sam', 'sam'], by: ['sam'] },
  { name: 'a double click', answers: ['sam', 'sam'], together: true, by: ['sam'] },
  { name: 'two of one role at once', answers: ['sam', 'sue'], together: true, by: ['sam', 'sue'] },
  {
    name: 'one that expired',
    then: change({ expiresAt: APPROVAL.createdAt }),
    answers: ['sam'],
    by: [],
  },
  {
    name: 'a plan that changed',
    then: change({ planDigest: 'e'.repeat(64) }),
    answers: ['sam'],
    by: [],
  },
  {
    name: 'one that is void',
    then: change({ status: 'void' }),
    answers: ['sam'],
    by: [],
    status: 'void',
  },
  { name: 'a wrong role', answers: ['rex', 'root'], by: [] },
  {
    name: 'who asked for it, alone',
    then: change({
      ...{ requestedBy: 'sam', approvalClass: 'R1' },
      quorum: { people: 1, roles: ['approver-security'] },
    }),
    answers: ['sam'],
    by: [],
  },
  {
    name: 'who was deactivated since',
    then: ({ api: { memory } }) => {
      lose(memory, 'sam', { active: false });
    },
    answers: ['sam'],
    by: [],
  },
  { name: 'somebody whom nobody put', answers: ['mallory'], by: [] },
  { name: 'somebody under the name of an approver', answers: ['double'], by: [] },
  {
    name: 'who lost the role between click and row',
    then: ({ api: { memory } }) => {
      const { approvals } = memory;
      const get = approvals.get.bind(approvals);
      // Read first under the lock, after the person was let in.
      approvals.get = (id) => {
        lose(memory, 'sam', { roles: ['viewer'] });
        return get(id);
      };
    },
    answers: ['sam'],
    by: [],
  },
];

describe.each(DOORS)('$name refuses', (door) => {
  test.each(REFUSALS)('$name', async ({ then, answers, together = false, by, status = 'open' }) => {
    stage = await door.open();
    const { memory } = stage.api;
    const answer = await door.show(stage);
    // Showing it decides nothing, whoever looks.
    expect(memory.decisions.size).toBe(0);
    then?.(stage);
    if (together) await Promise.all(answers.map(answer));
    else for (const person of answers) await answer(person);
    const decisions = [...memory.decisions.values()];
    expect(decisions.map(({ actor }) => actor.person)).toEqual(by);
    for (const decision of decisions) {
      expect(decision.actor.channel).toBe(door.name);
      expect(decision.signature).toBe(digestOf(signedPart(decision)));
    }
    expect(memory.approvals.get('apr_1')?.status).toBe(status);
  });
});
