import { expect } from '@jest/globals';
import { z } from 'zod';
import { actionOf } from '../../connectors/test-connector.ts';
import type { HandRequest } from '../../domain/hand-plan.ts';
import {
  actionCase,
  contextOf,
  inWorld,
  settledVerdict,
  type Property,
  type Subject,
} from './bench.ts';
import type { ContractWorld } from './fixture.ts';

const login = z.object({ username: z.string(), password: z.string() });
const issued = z.object({ access_token: z.string() });

/** The credential that a person would use: the world's own. */
async function bearerOf({ config, canary }: ContractWorld, url: string): Promise<string> {
  const known = login.safeParse(config);
  if (!known.success) return canary;
  const { username, password } = known.data;
  const reply = await fetch(new URL('/auth/token', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  return issued.parse(await reply.json()).access_token;
}

/** Sends what people would send, one after the other; each must be taken. */
async function sendByHand(world: ContractWorld, requests: readonly HandRequest[]): Promise<void> {
  const url = world.twin?.url ?? '';
  const authorization = `Bearer ${await bearerOf(world, url)}`;
  for (const { method, path, type, body } of requests) {
    const reply = await fetch(new URL(path, url), {
      method,
      headers: { authorization, ...(type === null ? {} : { 'content-type': type }) },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    });
    expect({ path, ok: reply.ok, text: reply.ok ? '' : await reply.text() }).toMatchObject({
      ok: true,
    });
  }
}

/** True for a world whose twin takes requests of our own. */
function takesRequests({ twin, real }: ContractWorld): boolean {
  return twin?.url.startsWith('http') === true && real !== true;
}

async function byHand(subject: Subject): Promise<void> {
  await inWorld(subject, async ({ world, connector }) => {
    const action = actionOf(connector, subject.name);
    if (action.byHand === undefined || !takesRequests(world)) return;
    const { input, snapshot } = actionCase(world, subject.name);
    const before = await snapshot();
    const plan = await action.plan(input, contextOf());
    const requests = action.byHand(input, plan);
    expect(requests.length).toBeGreaterThan(0);
    await sendByHand(world, requests);
    const verdict = await settledVerdict(world, () => action.verify(input, plan, contextOf()));
    expect(verdict).toEqual({ holds: 'yes' });
    if (action.revert === undefined) return;
    const back = { ...plan, before: plan.after, after: plan.before };
    await sendByHand(world, action.byHand(input, back));
    expect(await snapshot()).toEqual(before);
  });
}

/** What people can send in our place. */
export const handProperties: readonly Property[] = [
  { name: 'its plain requests do what the plan says, and take it back', run: byHand },
];
