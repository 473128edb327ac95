// Goal: an answer to an approval is one signed row or a refusal, through every door by the same rules; what is refused decides
// nothing and is kept, with why and what was shown. Method: one table of refusals, looped over the API, the command line, the page and the buttons of Slack's card, each over
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
  /** Who is kept as refused, in order, and why; null where it is who answered in vain, for any reason. */
  readonly kept?: (door: string) => readonly string[];
  readonly why: RegExp;
}

/** A second answer under an id of its own is a conflict; the same one again is the same. */
const again =
  (...people: readonly string[]) =>
  (door: string): readonly string[] =>
    door === 'cli' ? people : [];
/** Slack vouches for its members; elsewhere nobody is named by what is no token or session of ours. */
const member =
  (id: string, known: boolean) =>
  (door: string): readonly string[] => {
    if (door === 'slack') return [`T0LAB/U0${id.toUpperCase()}`];
    return known ? [id] : [];
  };

/** Changes the approval as the engine would. */
const change =
  (fields: Partial<Approval>) =>
  ({ api: { memory } }: DoorStage): void => {
    memory.approvals.set('apr_1', { ...APPROVAL, ...fields });
  };

const REFUSALS: readonly Refusal[] = [
  {
    name: 'a replay',
    answers: ['sam', 'sam', 'sam'],
    by: ['sam'],
    kept: again('sam', 'sam'),
    why: /counts once/u,
  },
  {
    name: 'a double click',
    answers: ['sam', 'sam'],
    together: true,
    by: ['sam'],
    kept: again('sam'),
    why: /counts once/u,
  },
  {
    name: 'two of one role at once',
    answers: ['sam', 'sue'],
    together: true,
    by: ['sam', 'sue'],
    why: /^never$/u,
  },
  {
    name: 'one that expired',
    then: change({ expiresAt: APPROVAL.createdAt }),
    answers: ['sam'],
    by: [],
    why: /expired/u,
  },
  {
    name: 'a plan that changed',
    then: change({ planDigest: 'e'.repeat(64) }),
    answers: ['sam'],
    by: [],
    why: /not those that you saw/u,
  },
  {
    name: 'one that is void',
    then: change({ status: 'void' }),
    answers: ['sam'],
    by: [],
    status: 'void',
    why: /void already/u,
  },
  { name: 'a wrong role', answers: ['rex', 'root'], by: [], why: /[Rr]oles/u },
  {
    name: 'who asked for it, alone',
    then: change({
      ...{ requestedBy: 'sam', approvalClass: 'R1' },
      quorum: { people: 1, roles: ['approver-security'] },
    }),
    answers: ['sam'],
    by: [],
    why: /only approver/u,
  },
  {
    name: 'who was deactivated since',
    then: ({ api: { memory } }) => {
      lose(memory, 'sam', { active: false });
    },
    answers: ['sam'],
    by: [],
    // Their session ended with them.
    kept: (door) => (door === 'page' ? [] : ['sam']),
    why: /valid token|does not know you/u,
  },
  {
    name: 'somebody whom nobody put',
    answers: ['mallory'],
    by: [],
    kept: member('mallory', false),
    why: /know you/u,
  },
  {
    name: 'somebody under the name of an approver',
    answers: ['double'],
    by: [],
    kept: member('double', true),
    why: /[Rr]oles|know you/u,
  },
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
    why: /[Rr]oles/u,
  },
];

describe.each(DOORS)('$name refuses', (door) => {
  test.each(REFUSALS)(
    '$name',
    async ({ then, answers, together = false, by, status = 'open', ...refusal }) => {
      const { kept = () => answers.filter((one) => !by.includes(one)), why } = refusal;
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
      const { refusedAnswers } = memory;
      expect(refusedAnswers.map(({ person, claimed }) => person ?? claimed)).toEqual(
        kept(door.name),
      );
      for (const refused of refusedAnswers) {
        expect(refused).toMatchObject({ approvalId: 'apr_1', channel: door.name });
        expect(refused.reason).toMatch(why);
        expect(refused.requestId).not.toBe('');
        // Whoever was turned away before anything was read had been shown nothing by this answer.
        expect([APPROVAL.planDigest, null]).toContain(refused.planDigest);
      }
    },
  );
});
