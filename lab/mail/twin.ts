import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { createFaultPlan, type Fault, type FaultPlan } from '../fault.ts';
import type { LedgerEntry, Twin, TwinReply } from '../twin.ts';
import { parseMail, type ReceivedMail } from './message.ts';

/** How a mail twin behaves. */
export interface MailTwinOptions {
  /** Asked of every sender when given. */
  readonly user?: string;
  readonly password?: string;
  /** Offers STARTTLS with this certificate, and lets nobody log in without it. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Recipients that are refused, with their SMTP code: 550 for good, 451 for now. */
  readonly refuse?: Readonly<Record<string, number>>;
  /** False keeps a second mail with a known Message-ID, as a mailbox without duplicate suppression does. */
  readonly suppressDuplicates?: boolean;
  readonly faults?: FaultPlan;
  readonly port?: number;
}

/**
 * A running stand-in for a mail relay and the mailboxes behind it. Fault subjects and ledger entries have the method
 * `MAIL`, `RCPT` or `DATA` and the address as path; a fault's `reply.status` is an SMTP code, `cut-after` of `DATA` keeps the mail and
 * drops the connection without an answer.
 */
export interface MailTwin extends Twin {
  /** What people find in their mailboxes. */
  readonly received: readonly ReceivedMail[];
  /** Every mail that was taken, copies too. */
  readonly deliveries: readonly ReceivedMail[];
}

type Done = (error?: Error | null) => void;

/** An SMTP answer that says no. */
class SmtpRefusal extends Error {
  override readonly name = 'SmtpRefusal';
  readonly responseCode: number;

  constructor(reply: Pick<TwinReply, 'status' | 'body'>) {
    super(typeof reply.body === 'string' ? reply.body : 'refused by the twin');
    this.responseCode = reply.status;
  }
}

/** Connection is gone: no answer at all. */
const CUT = Symbol('cut');
const SIZE_MAX = 1024 * 1024;
const ACCEPTED = 250;

interface Command {
  readonly method: 'MAIL' | 'RCPT' | 'DATA';
  readonly path: string;
  readonly body: string;
}

interface Acted {
  readonly refusal: SmtpRefusal | null;
  readonly changed: boolean;
}

function actUnder(fault: Fault, act: () => Acted): Acted {
  if (fault.kind === 'reply') return { refusal: new SmtpRefusal(fault.reply), changed: false };
  const acted = act();
  return fault.kind === 'replace' ? { ...acted, refusal: new SmtpRefusal(fault.reply) } : acted;
}

class MailWorld {
  readonly ledger: LedgerEntry[] = [];
  readonly received: ReceivedMail[] = [];
  readonly deliveries: ReceivedMail[] = [];
  readonly sockets = new Map<number, Socket>();
  readonly faults: FaultPlan;
  private readonly options: MailTwinOptions;

  constructor(options: MailTwinOptions) {
    this.options = options;
    this.faults = options.faults ?? createFaultPlan();
  }

  private async cut(
    session: SMTPServerSession,
    { until }: Extract<Fault, { readonly kind: 'cut-before' | 'cut-after' }>,
  ): Promise<typeof CUT> {
    await until?.();
    this.sockets.get(session.remotePort)?.destroy();
    return CUT;
  }

  /** Runs one command under the faults: an error to answer, null for 250, or no answer. */
  private async run(
    command: Command,
    session: SMTPServerSession,
    act: () => Acted,
  ): Promise<SmtpRefusal | null | typeof CUT> {
    const fault: Fault = this.faults.next({ ...command, agent: '' }) ?? { kind: 'delay' };
    if (fault.delayMs !== undefined) await sleep(fault.delayMs);
    if (fault.kind === 'cut-before') return this.cut(session, fault);
    const { refusal, changed } = actUnder(fault, act);
    this.ledger.push({
      ...command,
      agent: '',
      sequence: this.ledger.length + 1,
      status: refusal?.responseCode ?? ACCEPTED,
      changed,
    });
    return fault.kind === 'cut-after' ? this.cut(session, fault) : refusal;
  }

  answer(
    command: Command,
    session: SMTPServerSession,
    work: { readonly act: () => Acted; readonly done: Done },
  ): void {
    this.run(command, session, work.act).then(
      (answer) => {
        if (answer !== CUT) work.done(answer);
      },
      (error: unknown) => {
        work.done(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  recipient(address: string): SmtpRefusal | null {
    const status = this.options.refuse?.[address];
    return status === undefined ? null : new SmtpRefusal({ status, body: 'no such mailbox' });
  }

  /** Takes a mail; true when a mailbox changed. */
  take(mail: ReceivedMail): boolean {
    this.deliveries.push(mail);
    const suppress = this.options.suppressDuplicates ?? true;
    const known = this.received.some(
      ({ messageId, to }) =>
        messageId === mail.messageId && mail.to.every((address) => to.includes(address)),
    );
    if (suppress && known) return false;
    this.received.push(mail);
    return true;
  }
}

function createServer(world: MailWorld, options: MailTwinOptions): SMTPServer {
  const nothing = (refusal: SmtpRefusal | null) => () => ({ refusal, changed: false });
  const { tls } = options;
  const disabledCommands = [
    ...(tls === undefined ? ['STARTTLS'] : []),
    ...(options.user === undefined ? ['AUTH'] : []),
  ];
  return new SMTPServer({
    logger: false,
    ...tls,
    hideSTARTTLS: tls === undefined,
    disabledCommands,
    authOptional: options.user === undefined,
    allowInsecureAuth: tls === undefined,
    disableReverseLookup: true,
    size: SIZE_MAX,
    onAuth: (auth, _session, callback) => {
      const right = auth.username === options.user && auth.password === options.password;
      callback(null, right ? { user: auth.username } : {});
    },
    onMailFrom: ({ address }, session, done) => {
      const act = nothing(null);
      world.answer({ method: 'MAIL', path: address, body: '' }, session, { act, done });
    },
    onRcptTo: ({ address }, session, done) => {
      const act = nothing(world.recipient(address));
      world.answer({ method: 'RCPT', path: address, body: '' }, session, { act, done });
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const { secure } = session;
        const from = mailFrom === false ? '' : mailFrom.address;
        const to = rcptTo.map(({ address }) => address);
        const body = Buffer.concat(chunks).toString('utf8');
        const act = (): Acted => {
          const big = stream.sizeExceeded;
          const refusal = big ? new SmtpRefusal({ status: 552, body: 'too large' }) : null;
          return { refusal, changed: !big && world.take(parseMail(body, { from, to, secure })) };
        };
        world.answer({ method: 'DATA', path: to.join(','), body }, session, { act, done });
      });
    },
  });
}

/** Starts a stand-in for a mail relay on a free port of 127.0.0.1. */
export async function createMailTwin(options: MailTwinOptions = {}): Promise<MailTwin> {
  const world = new MailWorld(options);
  const server = createServer(world, options);
  server.on('error', () => undefined);
  server.server.on('connection', (socket) => {
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    world.sockets.set(remotePort, socket);
    socket.on('close', () => world.sockets.delete(remotePort));
  });
  const listening = server.listen(options.port ?? 0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    name: 'mail',
    url: `smtp://127.0.0.1:${port.toString()}`,
    ledger: world.ledger,
    faults: world.faults,
    received: world.received,
    deliveries: world.deliveries,
    close: async () => {
      for (const socket of world.sockets.values()) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
