// Goal: what the relay says of each recipient is kept: nobody gets a mail twice because of another, none is lost, silence is no yes.
// Method: rows of the real store through the real connector; the twin refuses people, and drops the connection after DATA.
import { expect, test } from '@jest/globals';
import { COPIES_MAX } from '../domain/recipient.ts';
import { createMailTwin } from '../lab/mail/twin.ts';
import { ON_CALL, useMail } from './test-mail.ts';

const SAM = 'sam@lab.test';
const mail = useMail(createMailTwin);

const refuse = (address: string, status: number): void => {
  mail
    .twin()
    .faults.add(
      { kind: 'reply', reply: { status, body: 'not here' } },
      { matches: ({ method, path }) => method === 'RCPT' && path === address },
    );
};
const dropAfterData = (times = 1): void => {
  for (let left = times; left > 0; left -= 1) {
    mail.twin().faults.add({ kind: 'cut-after' }, { matches: ({ method }) => method === 'DATA' });
  }
};
const deliveries = (): readonly (readonly string[])[] => mail.twin().deliveries.map(({ to }) => to);
const states = async (purpose: string) =>
  (await mail.row(purpose))?.recipients?.map(({ address, state }) => [address, state]);

test('refused for good: a fact that names whom and why; the others have it, and nobody is tried again', async () => {
  await mail.restart([ON_CALL, SAM]);
  refuse(SAM, 550);
  expect(await mail.send('opened')).toBe('sent');
  await mail.restart([ON_CALL, SAM]);
  expect(await mail.send('opened')).toBe('sent');
  expect(deliveries()).toEqual([[ON_CALL]]);
  expect(await states('opened')).toEqual([
    [ON_CALL, 'accepted'],
    [SAM, 'refused'],
  ]);
  const [refused] = await mail.facts('message.refused');
  expect(refused?.data).toMatchObject({ address: SAM, said: '550 not here' });
  expect((await mail.facts('message.sent')).map(({ data }) => data)).toMatchObject([
    { to: [ON_CALL] },
  ]);
});

test('refused for now: tried again alone, also by another process, and nothing waits behind it', async () => {
  await mail.restart([ON_CALL, SAM]);
  refuse(SAM, 451);
  expect(await mail.send('opened')).toBe('waiting');
  expect(await mail.send('held/x/1')).toBe('sent');
  await mail.restart([ON_CALL, SAM, 'new@lab.test']);
  expect(await mail.send('opened')).toBe('sent');
  expect(deliveries()).toEqual([[ON_CALL], [ON_CALL, SAM], [SAM]]);
  const told = (await mail.facts('message.sent')).map(({ data }) => data);
  expect(told).toMatchObject([{ to: [ON_CALL] }, { to: [ON_CALL, SAM] }, { to: [SAM] }]);
});

test('everybody refused: for now it waits, for good it failed, each person a fact', async () => {
  await mail.restart([ON_CALL, SAM]);
  refuse(ON_CALL, 550);
  refuse(SAM, 451);
  expect(await mail.send('opened')).toBe('waiting');
  refuse(SAM, 550);
  expect(await mail.send('opened')).toBe('failed');
  expect(await states('opened')).toEqual([
    [ON_CALL, 'refused'],
    [SAM, 'refused'],
  ]);
  expect(await mail.facts('message.refused')).toHaveLength(2);
  expect((await mail.facts('message.failed')).map(({ data }) => data)).toMatchObject([
    { reason: 'invalid' },
  ]);
});

test('dropped after DATA: not known is a fact, the copy says so under the same Message-ID', async () => {
  dropAfterData();
  expect(await mail.send('opened')).toBe('later');
  expect(await states('opened')).toEqual([[ON_CALL, 'unknown']]);
  expect((await mail.facts('message.unknown')).map(({ data }) => data)).toMatchObject([
    { to: [ON_CALL] },
  ]);
  expect(await mail.facts('message.sent')).toEqual([]);
  expect(await mail.send('opened')).toBe('later');
  mail.pass(10_000);
  expect(await mail.send('opened')).toBe('sent');
  const [first, copy] = mail.twin().deliveries;
  expect(copy?.messageId).toBe(first?.messageId);
  expect(first?.text).not.toContain('You may have this mail already');
  expect(copy?.text).toContain('You may have this mail already');
  expect(await states('opened')).toEqual([[ON_CALL, 'accepted']]);
});

test('a relay that always drops gets so many copies and no more; it ends as not known', async () => {
  dropAfterData(COPIES_MAX + 1);
  const outcomes: string[] = [];
  for (let left = COPIES_MAX + 2; left > 0; left -= 1) {
    outcomes.push(await mail.send('opened'));
    mail.pass(10_000);
  }
  expect(outcomes).toEqual(['later', 'later', 'failed', 'failed', 'failed']);
  expect(deliveries()).toHaveLength(COPIES_MAX);
  expect((await mail.facts('message.failed')).map(({ data }) => data)).toMatchObject([
    { reason: 'outcome_unknown' },
  ]);
});

test('trouble of the relay as a whole tries everybody again, and changes nobody', async () => {
  mail
    .twin()
    .faults.add(
      { kind: 'reply', reply: { status: 421, body: 'busy' } },
      { matches: ({ method }) => method === 'MAIL' },
    );
  expect(await mail.send('opened')).toBe('later');
  expect((await mail.row('opened'))?.recipients).toBeNull();
  mail.pass(10_000);
  expect(await mail.send('opened')).toBe('sent');
});
