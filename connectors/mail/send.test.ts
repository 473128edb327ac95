// Goal: a mail carries our Message-ID and thread, is sent once when the relay answers, and each SMTP answer has its code.
// Method: the connector (with nodemailer) against the mail twin; answers and cuts planned per SMTP command.
import { describe, expect, test } from '@jest/globals';
import type { StoredPlan } from '../../domain/plan.ts';
import { createMailTwin, type MailTwin, type MailTwinOptions } from '../../lab/mail/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { AnyAction, Connector } from '../connector.ts';
import { actionOf, callContext } from '../test-connector.ts';
import { transportOptions } from './client.ts';
import { failureOf } from './failure.ts';
import { create } from './index.ts';

const closers = closersAfterEach();

const INPUT = {
  to: ['mona@lab.test'],
  subject: 'Incident 7 opened',
  text: 'fraud-scorer drifted.\nSee the page.',
  messageId: '<7.opened@firebreak>',
};
const PLAN: StoredPlan = {
  summary: 's',
  targets: ['Mail/-/<7.opened@firebreak>'],
  before: { sent: false },
  after: { sent: true },
  token: null,
  undo: 'none',
};

async function world(
  options: MailTwinOptions = {},
  credentials = '',
): Promise<{ twin: MailTwin; mail: Connector; send: AnyAction }> {
  const twin = await createMailTwin(options);
  closers.push(() => twin.close());
  const url = twin.url.replace('smtp://', `smtp://${credentials}`);
  const mail = create({ url, from: 'firebreak@lab.test' });
  closers.push(() => mail.close());
  return { twin, mail, send: actionOf(mail, 'send') };
}

describe('mail send', () => {
  test('sends with a fixed Message-ID and thread, as text', async () => {
    const { twin, send } = await world();
    await send.apply(INPUT, PLAN, callContext());
    const reply = { ...INPUT, messageId: '<7.closed@firebreak>', inReplyTo: INPUT.messageId };
    await send.apply(
      { ...reply, subject: 'Größe ✓', text: '. a dot first\nünï' },
      PLAN,
      callContext(),
    );
    expect(twin.received).toMatchObject([
      {
        from: 'firebreak@lab.test',
        to: ['mona@lab.test'],
        subject: INPUT.subject,
        messageId: INPUT.messageId,
        inReplyTo: null,
        references: [],
        text: INPUT.text.replace('\n', '\r\n'),
      },
      {
        messageId: '<7.closed@firebreak>',
        inReplyTo: INPUT.messageId,
        references: [INPUT.messageId],
        subject: 'Größe ✓',
        text: '. a dot first\r\nünï',
      },
    ]);
  });

  test('apply twice sends once; a lost answer leaves copies that a mailbox drops', async () => {
    const { twin, send } = await world();
    const first = await send.apply(INPUT, PLAN, callContext());
    expect(await send.apply(INPUT, PLAN, callContext())).toEqual(first);
    expect(twin.deliveries).toHaveLength(1);
    const other = { ...INPUT, messageId: '<8.opened@firebreak>' };
    twin.faults.add({ kind: 'cut-after' }, { matches: ({ method }) => method === 'DATA' });
    await expect(send.apply(other, PLAN, callContext())).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    expect(await send.verify(other, PLAN, callContext())).toMatchObject({ holds: 'unknown' });
    await send.apply(other, PLAN, callContext());
    expect(twin.deliveries).toHaveLength(3);
    expect(twin.received).toHaveLength(2);
  });

  test.each<['MAIL' | 'RCPT' | 'DATA', number, string]>([
    ['MAIL', 421, 'unavailable'],
    ['MAIL', 550, 'invalid'],
    ['MAIL', 530, 'unauthorized'],
    ['MAIL', 552, 'too_large'],
    ['RCPT', 451, 'unavailable'],
    ['RCPT', 550, 'invalid'],
    ['RCPT', 552, 'invalid'],
    ['DATA', 451, 'unavailable'],
    ['DATA', 552, 'too_large'],
    ['DATA', 554, 'invalid'],
  ])('%s answered %d becomes %s, tried once', async (method, status, code) => {
    const { twin, send } = await world();
    twin.faults.add(
      { kind: 'reply', reply: { status, body: 'no' } },
      { matches: (subject) => subject.method === method },
    );
    await expect(send.apply(INPUT, PLAN, callContext())).rejects.toMatchObject({
      code,
      details: { smtp: status },
    });
    expect(twin.received).toHaveLength(0);
    expect(twin.ledger.filter((entry) => entry.method === 'MAIL')).toHaveLength(1);
  });

  test.each(['MAIL', 'RCPT', 'DATA'])(
    'a connection cut at %s is unknown, and not sent again by itself',
    async (method) => {
      const { twin, send } = await world();
      twin.faults.add({ kind: 'cut-before' }, { matches: (subject) => subject.method === method });
      await expect(send.apply(INPUT, PLAN, callContext())).rejects.toMatchObject({
        code: 'outcome_unknown',
      });
      expect(twin.deliveries).toHaveLength(0);
      await send.apply(INPUT, PLAN, callContext());
      expect(twin.deliveries).toHaveLength(1);
    },
  );

  test('some recipients refused for now: the retry goes to those only', async () => {
    const { twin, send } = await world();
    const input = { ...INPUT, to: ['mona@lab.test', 'sam@lab.test'] };
    const isSam = ({ method, path }: { method: string; path: string }): boolean =>
      method === 'RCPT' && path === 'sam@lab.test';
    twin.faults.add({ kind: 'reply', reply: { status: 451, body: 'later' } }, { matches: isSam });
    await expect(send.apply(input, PLAN, callContext())).rejects.toMatchObject({
      code: 'unavailable',
      details: {
        accepted: ['mona@lab.test'],
        rejected: [{ address: 'sam@lab.test', permanent: false, said: '451 later' }],
      },
    });
    await send.apply(input, PLAN, callContext());
    expect(twin.deliveries.map(({ to }) => to)).toEqual([['mona@lab.test'], ['sam@lab.test']]);
  });

  test('a recipient refused for good is named as such though others have the mail', async () => {
    const { twin, send } = await world({ refuse: { 'gone@lab.test': 550 } });
    const input = { ...INPUT, to: ['mona@lab.test', 'gone@lab.test'] };
    await expect(send.apply(input, PLAN, callContext())).rejects.toMatchObject({
      code: 'invalid',
      field: 'with.to',
    });
    expect(twin.received.map(({ to }) => to)).toEqual([['mona@lab.test']]);
  });

  test('plan and verify send nothing; the permit comes first; an abort ends a hanging mail', async () => {
    const { twin, send } = await world();
    const refused = callContext({ permit: () => Promise.reject(new Error('halted')) });
    await send.plan(INPUT, refused);
    await send.verify(INPUT, PLAN, refused);
    await expect(send.apply(INPUT, PLAN, refused)).rejects.toThrow('halted');
    expect(twin.ledger).toEqual([]);
    const controller = new AbortController();
    twin.faults.add(
      { kind: 'delay', delayMs: 3_000 },
      {
        matches: ({ method }) => {
          if (method === 'DATA') controller.abort();
          return method === 'DATA';
        },
      },
    );
    const started = performance.now();
    await expect(
      send.apply(INPUT, PLAN, callContext({ signal: controller.signal })),
    ).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test.each<[object, string]>([
    [{ to: [] }, 'with.to'],
    [{ to: ['not an address'] }, 'with.to.0'],
    [{ to: ['a@b.test\r\nBcc: c@d.test'] }, 'with.to.0'],
    [{ subject: 'x\r\nBcc: evil@b.test' }, 'with.subject'],
    [{ messageId: 'random' }, 'with.messageId'],
    [{ inReplyTo: '<a b@c>' }, 'with.inReplyTo'],
    [{ text: '' }, 'with.text'],
  ])('refuses %j', async (change, field) => {
    const { send } = await world();
    const planning = Promise.resolve().then(() =>
      send.plan({ ...INPUT, ...change }, callContext()),
    );
    await expect(planning).rejects.toMatchObject({ code: 'invalid', field });
  });

  test('health and credentials: right, wrong, none, nobody there; no error tells the password', async () => {
    const secured = { user: 'fire', password: 'canary-1f' };
    const signal = new AbortController().signal;
    const right = await world(secured, 'fire:canary-1f@');
    expect(await right.mail.health(signal)).toMatchObject({ reachable: true, problem: null });
    const wrong = await world({ ...secured, password: 'other' }, 'fire:canary-1f@');
    expect(await wrong.mail.health(signal)).toMatchObject({
      reachable: true,
      missing: ['mail submission'],
    });
    const failure: unknown = await wrong.send
      .apply(INPUT, PLAN, callContext())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unauthorized' });
    expect(failure instanceof Error ? failure.message : 'canary').not.toContain('canary');
    const none = await world(secured);
    await expect(none.send.apply(INPUT, PLAN, callContext())).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await none.twin.close();
    await expect(none.send.apply(INPUT, PLAN, callContext())).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await none.mail.health(signal)).toMatchObject({ reachable: false });
  });
});

describe('mail configuration', () => {
  test.each([
    ['smtp://relay.test:587', false],
    ['smtp://u:p@127.0.0.1:25', false],
    ['smtp://u:p@localhost', false],
    ['smtp://u:p@relay.test', true],
    ['smtp://u:p@127.0.0.1.evil.test', true],
  ])('%s: TLS required %s', (url, requireTLS) => {
    expect(transportOptions({ url, from: 'a@b.test' })).toMatchObject({
      requireTLS,
      maxRequeues: 0,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  });

  test.each([
    [{ url: 'smtp://relay.test?maxRequeues=9', from: 'a@b.test' }, 'mail.url'],
    [{ url: 'http://relay.test', from: 'a@b.test' }, 'mail.url'],
    [{ url: 'smtp://u:100%@relay.test', from: 'a@b.test' }, 'mail.url'],
    [{ url: 'smtp://relay.test', from: 'nobody' }, 'mail.from'],
  ])('refuses %j', (config, field) => {
    expect(() => create(config)).toThrow(expect.objectContaining({ code: 'invalid', field }));
  });

  test.each([
    [{ code: 'EDNS', originalCode: 'ENOTFOUND' }, 'unavailable'],
    [{ code: 'ETLS' }, 'unavailable'],
    [{ code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' }, 'unavailable'],
    [{ code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT' }, 'outcome_unknown'],
    [{ code: 'ESOCKET', originalCode: 'ECONNRESET' }, 'outcome_unknown'],
    [{ code: 'EENVELOPE' }, 'invalid'],
    [{ code: 'ENOAUTH' }, 'unauthorized'],
    [null, 'outcome_unknown'],
  ])('failure %j is %s', (failure, code) => {
    expect(failureOf(failure, String)).toMatchObject({ code });
  });
});
