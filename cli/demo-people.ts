import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { Scope } from '../domain/scope.ts';
import { DEMO_PEOPLE } from './demo-configuration.ts';
import { createDemoPerson } from './demo-person.ts';
import type { DemoApprover, DemoPeople } from './demo-stage.ts';

const DAY_MS = 86_400_000;
/** The story tells its lineage, steers and decides; nobody of it administers. */
const SCOPES_OF_DEMO: readonly Scope[] = ['read', 'ingest', 'open', 'halt', 'steer', 'decide'];
const tokenReply = z.object({ token: z.string() });

/** Gives one person a token of their own. Raises `unavailable` with what the API said. */
export async function hireOne(
  url: string,
  adminToken: string,
  { id, name }: Pick<DemoApprover, 'id' | 'name'>,
): Promise<DemoApprover> {
  const admin = createDemoPerson(url, adminToken);
  const expiresAt = new Date(Date.now() + DAY_MS).toISOString();
  const { token } = await admin.send('POST', `/people/${id}/tokens`, {
    body: { label: 'demo', scopes: SCOPES_OF_DEMO, expiresAt },
    schema: tokenReply,
  });
  return { id, name, token, person: createDemoPerson(url, token) };
}

/**
 * Gives the demo's people tokens of their own, through the API, as an administrator would. Raises `unavailable` with
 * what the API said.
 */
export async function hire(url: string, adminToken: string): Promise<DemoPeople> {
  const approvers: DemoApprover[] = [];
  for (const person of DEMO_PEOPLE) approvers.push(await hireOne(url, adminToken, person));
  const [first] = approvers;
  if (!first) throw new AppError('internal', 'The demo has no people.');
  return { owner: first.person, approvers };
}
