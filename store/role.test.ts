import { describe, expect, test } from '@jest/globals';
import { createStore } from './database.ts';
import { STORE_ROLES } from './role.ts';
import type { StoreRole } from './role.ts';
import { withClient } from './test-database.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: what a role must not do, the database refuses, whatever our code says. Method: each statement by hand
// under each role, inside a transaction that is rolled back.

const stores = useStores();
const REFUSED = '42501';
const IMMUTABLE = 'FB002';

/** The SQLSTATE that a statement ends in as a role, or `ok`. */
async function outcomeOf(role: StoreRole, text: string): Promise<string> {
  return withClient(stores.url(), async (client) => {
    await client.query(`set role ${STORE_ROLES[role]}`);
    await client.query('begin');
    try {
      await client.query(text);
      return 'ok';
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    } finally {
      await client.query('rollback');
    }
  });
}

const INSERT_DECISION = `insert into firebreak.decision
    (id, incident_id, kind, command, person, actor, decided_at, signature)
  select 'forged', id, 'note', '{}', 'ann', '{}', 'now', 'none' from firebreak.incident limit 1`;
const INSERT_FACT = `insert into firebreak.fact
  select incident_id, 99, 'k', kind, recorded_at, previous_hash, hash, body from firebreak.fact limit 1`;

const INSERT_REVISION = `insert into firebreak.rule_revision
    (number, digest, rules, ground, armed, former_playbooks, since, signature)
  values (1, 'd', '{}', 'first', false, '[]', 'now', 'none')`;
const INSERT_CHANGE = `insert into firebreak.rule_change (id, base, digest, rules, proposed_at, signature)
  values ('c', 1, 'd', '{}', 'now', 'none')`;
const INSERT_ANSWER = `insert into firebreak.rule_answer
    (id, change_id, digest, verdict, person, answered_at, signature)
  values ('a', 'c', 'd', 'approve', 'eve', 'now', 'none')`;

const INSERT_HOLD = `insert into firebreak.legal_hold
    (id, scope, subject, reason, placed_by, channel, placed_at)
  values ('h', 'model', 'm', 'r', 'eve', 'cli', now())`;

const INSERT_BREAK = `insert into firebreak.glass_break
    (id, key_id, incident_id, person_id, reason, channel, broken_at, ends_at)
  select 'b', 'k', id, 'eve', 'r', 'cli', now(), now() + interval '1 minute' from firebreak.incident limit 1`;

const INSERT_UPDATE = (
  state: string,
  by: string,
): string => `insert into firebreak.stakeholder_update
    (id, incident_id, audience, reach, ordinal, notice, verified, recipients, subject, text, template_sha256,
     text_sha256, drafted_at, state, settled_at, settled_by)
  select 'u', id, 'a', 'external', 1, 'first', false, '[]', 's', 't', 'd', 'd', now(), '${state}',
    ${by === '' ? 'null, null' : `now(), '${by}'`} from firebreak.incident limit 1`;

const INSERT_OBSERVATION = `insert into firebreak.observation
    (instance, kind, subject, digest, recorded_at, back_fill)
  values ('mlflow', 'artifact', 'a/1', '', 'epoch', false)`;

describe('rights', () => {
  test.each<[StoreRole, string, string]>([
    ['api', 'update firebreak.fact set kind = kind', REFUSED],
    ['worker', 'update firebreak.fact set kind = kind', REFUSED],
    ['owner', 'update firebreak.fact set kind = kind', IMMUTABLE],
    ['api', 'delete from firebreak.fact', REFUSED],
    ['worker', 'delete from firebreak.fact', REFUSED],
    ['owner', 'delete from firebreak.fact', IMMUTABLE],
    ['api', 'truncate firebreak.fact', REFUSED],
    ['worker', 'truncate firebreak.fact', REFUSED],
    ['owner', 'truncate firebreak.fact', IMMUTABLE],
    ['api', INSERT_FACT, REFUSED],
    ['worker', INSERT_FACT, REFUSED],
    ['worker', 'update firebreak.fact_head set sequence = 0', REFUSED],
    ['api', 'drop trigger fact_immutable on firebreak.fact', REFUSED],
    ['worker', 'alter table firebreak.fact disable trigger all', REFUSED],
    ['worker', 'select secret from firebreak.account', REFUSED],
    ['worker', 'select made_at from firebreak.account', 'ok'],
    ['worker', 'update firebreak.account set can_approve = true', REFUSED],
    ['api', 'delete from firebreak.account', REFUSED],
    ['worker', 'select from firebreak.session', REFUSED],
    ['worker', 'select from firebreak.pending_sign_in', REFUSED],
    ['api', `update firebreak.pending_sign_in set next = ''`, REFUSED],
    ['worker', INSERT_HOLD, REFUSED],
    ['worker', INSERT_UPDATE('drafted', ''), 'ok'],
    ['worker', INSERT_UPDATE('released', 'engine'), 'FB005'],
    ['worker', INSERT_UPDATE('released', 'mona'), 'FB005'],
    ['worker', 'update firebreak.stakeholder_update set state = state', REFUSED],
    ['api', INSERT_UPDATE('drafted', ''), REFUSED],
    ['api', 'update firebreak.stakeholder_update set text = text', REFUSED],
    ['owner', 'delete from firebreak.stakeholder_update', IMMUTABLE],
    ['api', INSERT_HOLD, 'ok'],
    ['api', 'update firebreak.legal_hold set subject = subject', REFUSED],
    ['worker', 'update firebreak.legal_hold set released_at = now()', REFUSED],
    ['owner', 'delete from firebreak.legal_hold', IMMUTABLE],
    ['owner', 'delete from firebreak.legal_hold_release', IMMUTABLE],
    ['owner', 'update firebreak.legal_hold_release set person = person', IMMUTABLE],
    ['worker', 'select from firebreak.break_glass_key', REFUSED],
    ['worker', INSERT_BREAK, REFUSED],
    ['api', INSERT_BREAK, 'FB007'],
    ['worker', `update firebreak.break_glass_review set finding = 'f'`, REFUSED],
    ['api', `update firebreak.glass_break set ends_at = now()`, REFUSED],
    ['api', 'update firebreak.break_glass_key set expires_at = now()', REFUSED],
    ['api', 'update firebreak.break_glass_review set due_at = now()', REFUSED],
    ['owner', 'delete from firebreak.break_glass_key', IMMUTABLE],
    ['owner', 'update firebreak.glass_break set ends_at = now()', IMMUTABLE],
    ['owner', 'delete from firebreak.break_glass_review', IMMUTABLE],
    ['worker', INSERT_DECISION, REFUSED],
    ['api', INSERT_DECISION, 'ok'],
    ['worker', INSERT_REVISION, REFUSED],
    ['api', INSERT_REVISION, 'ok'],
    ['worker', INSERT_ANSWER, REFUSED],
    ['worker', INSERT_CHANGE, REFUSED],
    ['api', INSERT_CHANGE, 'ok'],
    ['worker', `update firebreak.rule_change set status = 'in-force'`, REFUSED],
    ['api', `update firebreak.rule_change set proposed_at = ''`, REFUSED],
    ['api', `update firebreak.rule_revision set armed = false`, REFUSED],
    ['owner', `update firebreak.rule_revision set armed = false`, IMMUTABLE],
    ['owner', 'delete from firebreak.rule_revision', IMMUTABLE],
    ['owner', 'delete from firebreak.rule_answer', IMMUTABLE],
    ['owner', 'delete from firebreak.rule_change', IMMUTABLE],
    ['worker', `update firebreak.decision set person = 'bob'`, REFUSED],
    ['worker', `update firebreak.decision set signature = ''`, REFUSED],
    ['worker', `update firebreak.decision set outcome = 'accepted', reason = null`, 'ok'],
    ['api', `update firebreak.decision set outcome = 'accepted'`, REFUSED],
    ['owner', 'delete from firebreak.decision', IMMUTABLE],
    ['worker', 'update firebreak.isolation set ended = true', REFUSED],
    ['worker', 'delete from firebreak.isolation', REFUSED],
    ['api', 'delete from firebreak.isolation', REFUSED],
    ['worker', `update firebreak.approval set plan_digest = ''`, REFUSED],
    ['api', `update firebreak.approval set quorum_people = 0`, REFUSED],
    ['api', 'delete from firebreak.approval', REFUSED],
    ['worker', 'select from firebreak.token', REFUSED],
    ['worker', 'select from firebreak.source_token', REFUSED],
    ['api', `update firebreak.source_token set source = 'other'`, REFUSED],
    ['api', 'delete from firebreak.source_token', REFUSED],
    ['worker', `update firebreak.person set roles = '{admin}'`, REFUSED],
    ['api', `update firebreak.operation set state = 'approved'`, REFUSED],
    ['worker', 'delete from firebreak.operation', REFUSED],
    ['worker', 'delete from firebreak.alert', REFUSED],
    ['worker', 'update firebreak.evidence set sha256 = sha256', REFUSED],
    ['owner', 'update firebreak.evidence set sha256 = sha256', IMMUTABLE],
    ['worker', 'insert into firebreak.custody select * from firebreak.custody', REFUSED],
    ['owner', 'delete from firebreak.custody', IMMUTABLE],
    ['worker', INSERT_OBSERVATION, REFUSED],
    ['worker', 'update firebreak.observation set recorded_at = recorded_at', REFUSED],
    ['owner', 'update firebreak.observation set recorded_at = recorded_at', IMMUTABLE],
    ['worker', `update firebreak.observation_head set digest = ''`, REFUSED],
    ['api', INSERT_OBSERVATION, REFUSED],
    ['api', 'create table firebreak.mine ()', REFUSED],
  ])('of %s to: %s → %s', async (role, text, expected) => {
    await openIncident(stores.api(), 'rights');
    expect(await outcomeOf(role, text)).toBe(expected);
  });

  test('a store acts as its role on every connection, and says what it may not', async () => {
    await openIncident(stores.api(), 'rights');
    await expect(
      stores.worker().people.put({
        id: 'eve',
        name: 'Eve',
        roles: ['admin'],
        slackUser: null,
        mail: null,
        active: true,
      }),
    ).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('options in the URL cannot take the role off again', async () => {
    const url = new URL(stores.url());
    url.searchParams.set('options', '-c role=firebreak_owner -c work_mem=5MB');
    const store = await createStore({ databaseUrl: url.href, role: 'api', poolSize: 1 });
    try {
      await expect(
        store.operations.revokeFences({
          incidentId: 'a',
          operation: 'b',
          target: 'c',
          round: 1,
        }),
      ).rejects.toMatchObject({ code: 'unauthorized' });
    } finally {
      await store.close();
    }
  });
});
