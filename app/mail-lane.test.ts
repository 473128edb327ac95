// Goal: all mails of an incident are one thread with one subject; an approval's goes to those who may answer it.
// Method: rows in the real store, sent by the messenger over the real connector to the mail mail.twin().
import { expect, test } from '@jest/globals';
import { cardPurpose, clockPurpose } from '../domain/message.ts';
import { createMailTwin } from '../lab/mail/twin.ts';
import { mailIdOf } from './mail-lane.ts';
import { FROM, useMail } from './test-mail.ts';

const mail = useMail(createMailTwin);
const { stores, send } = mail;

async function openApproval(id: string): Promise<void> {
  await stores.worker().approvals.open({
    ...{
      id,
      incidentId: mail.incidentId(),
      operation: 'approve-revert',
      round: 1,
      title: 'Go back',
    },
    approvalClass: 'R3',
    quorum: { people: 2, roles: ['approver-model-owner', 'approver-security'] },
    ...{ plans: [], planDigest: 'a'.repeat(64), requestedBy: null },
    createdAt: '2026-11-23T10:00:00.000Z',
    expiresAt: '2026-11-23T11:00:00.000Z',
  });
}

test('one thread, one subject: every mail answers the one that opened it', async () => {
  for (const purpose of ['opened', 'held/x/1', 'closed']) expect(await send(purpose)).toBe('sent');
  const root = mailIdOf({ incidentId: mail.incidentId(), purpose: 'opened' }, FROM);
  const incident = await stores.worker().incidents.get(mail.incidentId());
  const subject = `#${incident?.number.toString() ?? ''} ${incident?.title ?? ''}`;
  expect(mail.twin().received).toMatchObject([
    { messageId: root, inReplyTo: null, references: [], subject },
    { inReplyTo: root, references: [root], subject: `Re: ${subject}` },
    { inReplyTo: root, references: [root], subject: `Re: ${subject}` },
  ]);
  const [first] = mail.twin().received;
  expect(first?.text).toMatch(/^about opened\r\n\r\ntext of opened\r\n/u);
  expect(first?.text).toContain(`firebreak incident show ${mail.incidentId()}`);
  expect(first?.html).toContain('about opened');
  expect(first?.headers).toMatchObject({ from: FROM, 'auto-submitted': 'auto-generated' });
});

test('a thread holds together when its first mail could not be sent', async () => {
  mail.twin().faults.add({ kind: 'reply', reply: { status: 550, body: 'no' } });
  expect(await send('opened')).toBe('failed');
  expect(await send('closed')).toBe('sent');
  const root = mailIdOf({ incidentId: mail.incidentId(), purpose: 'opened' }, FROM);
  expect(mail.twin().received).toMatchObject([{ inReplyTo: root, references: [root] }]);
});

test('an approval is mailed to on-call and to active approvers with an address, once each, as urgent', async () => {
  const person = { slackUser: null, active: true } as const;
  for (const one of [
    { id: 'sam', roles: ['approver-security'], mail: 'sam@lab.test' },
    { id: 'twice', roles: ['approver-model-owner'], mail: 'on-call@lab.test' },
    { id: 'left', roles: ['approver-security'], mail: 'left@lab.test', active: false },
    { id: 'viewer', roles: ['viewer'], mail: 'viewer@lab.test' },
    { id: 'none', roles: ['approver-security'], mail: null },
  ] as const) {
    await stores
      .api()
      .people.put({ ...person, name: `Name ${one.id}`, ...one, roles: [...one.roles] });
  }
  await openApproval('apr_lane_1');
  expect(await send(cardPurpose('apr_lane_1'))).toBe('sent');
  const [got] = mail.twin().received;
  expect(got?.to).toEqual(['on-call@lab.test', 'sam@lab.test']);
  expect(got?.text).toContain('Name none (approver-security)');
  expect(got?.text).not.toContain('Name left');
  expect(got?.html).toContain('href="https://firebreak.example/approvals/apr_lane_1"');
  expect(got?.headers).toMatchObject({ importance: 'High' });
});

test('an overdue clock is mailed to legal and commanders as well, as urgent; a reminder of it is not', async () => {
  const person = { slackUser: null, active: true, name: 'x' } as const;
  await stores.api().people.put({ ...person, id: 'lea', roles: ['legal'], mail: 'lea@lab.test' });
  const clock = 'eu-gdpr-33/report';
  expect(await send(clockPurpose(clock, 'reminder', '2026-11-23T10:00:00.000Z'))).toBe('sent');
  expect(await send(clockPurpose(clock, 'overdue', '2026-11-23T10:00:00.000Z'))).toBe('sent');
  expect(mail.twin().received.map(({ to }) => to)).toEqual([
    ['on-call@lab.test'],
    ['on-call@lab.test', 'lea@lab.test'],
  ]);
  expect(mail.twin().received[1]?.headers).toMatchObject({ importance: 'High' });
});

test('a rung of the ladder is mailed to whom it calls as well, as urgent, with the way to decide', async () => {
  const person = { slackUser: null, name: 'x', roles: ['commander'] } as const;
  for (const [id, active] of [
    ['cleo', true],
    ['gone', false],
  ] as const) {
    await stores.api().people.put({ ...person, id, active, mail: `${id}@lab.test` });
  }
  await openApproval('apr_rung');
  await stores.worker().escalations.take({
    ...{ subject: { kind: 'approval', id: 'apr_rung' }, rung: 2, reached: true },
    ...{ incidentId: mail.incidentId(), people: ['cleo', 'gone'] },
    takenAt: '2026-11-23T10:30:00.000Z',
  });
  expect(await send('approval/apr_rung/escalation/2')).toBe('sent');
  const [got] = mail.twin().received;
  expect(got?.to).toEqual(['on-call@lab.test', 'cleo@lab.test']);
  expect(got?.headers).toMatchObject({ importance: 'High' });
  expect(got?.html).toContain('href="https://firebreak.example/approvals/apr_rung"');
  expect(await send('approval/apr_rung/escalation/3')).toBe('sent');
  expect(mail.twin().received[1]?.to).toEqual(['on-call@lab.test']);
});

test('a reminder leads to the approval; the words of a row never make a link or a header', async () => {
  expect(
    await send('approval/apr_7/reminder/1', {
      subject: 'Waiting\r\nBcc: victim@lab.test',
      text: 'Approve: https://evil.test/approvals/apr_7',
    }),
  ).toBe('sent');
  const [got] = mail.twin().received;
  expect(got?.to).toEqual(['on-call@lab.test']);
  expect(got?.headers['bcc']).toBeUndefined();
  expect(got?.html?.match(/href="[^"]*"/gu)).toEqual([
    'href="https://firebreak.example/approvals/apr_7"',
  ]);
  expect(got?.text).toContain('https[:]//evil.test');
});

test.each([
  [{ incidentId: 'inc-1', purpose: 'opened' }, FROM, '<inc-1.opened@lab.test>'],
  [{ incidentId: 'inc-1', purpose: 'step/isolate' }, 'a@b.test', '<inc-1.step.isolate@b.test>'],
  [{ incidentId: 'i', purpose: 'x/<a b>@x' }, 'a@b.test', '<i.x._3ca_20b_3e_40x@b.test>'],
  [{ incidentId: null, purpose: 'watchdog/x' }, '', '<engine.watchdog.x@firebreak>'],
])('the Message-ID of %j from %s is %s', (row, from, expected) => {
  expect(mailIdOf(row, from)).toBe(expected);
});
