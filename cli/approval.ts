import type { Command } from 'commander';
import { classWords } from '../domain/approval-class.ts';
import { AppError } from '../domain/error.ts';
import { approverText } from '../render/approval-plan.ts';
import { renderPlan, renderTable } from '../render/terminal.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, choice, option } from './arguments.ts';
import { decide } from './decide.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const STATES = ['open', 'approved', 'rejected', 'void', 'expired'] as const;
const LINE_CHARACTERS_MAX = 500;

async function detailOf(session: Session, id: string) {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  return client.call(api.approvals.show, { params: { id } });
}

type Refused = Awaited<ReturnType<typeof detailOf>>['refused'][number];

function refusedText({ person, claimed, name, channel, verdict, ...one }: Refused): string {
  const who = person === null ? `unknown ${claimed ?? ''}` : `${name} (${person})`;
  const more = one.further === 0 ? '' : ` (and ${one.further.toString()} more)`;
  return `  ${one.refusedAt} ${who} by ${channel}, ${verdict ?? 'answer'}: ${one.reason}${more}`;
}

function detailText(session: Session, detail: Awaited<ReturnType<typeof detailOf>>): string {
  const { approval, plans, approvedBy, refused } = detail;
  const line = (text: string): string => visibleCut(text, LINE_CHARACTERS_MAX);
  const people = approvedBy
    .map((one) => (one.breakGlass === undefined ? one.name : approverText(one)))
    .join(', ');
  const { quorum } = approval;
  return [
    line(`${approval.title} (${approval.approvalClass}, ${approval.status})`),
    line(classWords(approval.approvalClass)),
    line(
      `asks ${quorum.people.toString()} people: ${quorum.roles.join(', ')}; until ${approval.expiresAt}`,
    ),
    line(`approved by: ${people === '' ? 'nobody yet' : people}`),
    ...plans.map(({ plan, operation, target }, index) =>
      [
        '',
        line(`${(index + 1).toString()}. ${operation} on ${target}`),
        plan === null
          ? line(approval.plans[index]?.summary ?? 'not known any more')
          : renderPlan(plan, session.terminal),
      ].join('\n'),
    ),
    ...(refused.length === 0 ? [] : ['', 'refused:', ...refused.map(refusedText).map(line)]),
    '',
    `plan digest: ${approval.planDigest}`,
  ].join('\n');
}

/** The digest that the person approves: given, or of the plans shown on this terminal and confirmed. */
async function confirmedDigest(session: Session, args: Arguments, verb: string): Promise<string> {
  const given = option(args, 'planDigest');
  if (given !== undefined) return given;
  const { interactive, ask } = session.surroundings;
  const id = argument(args, 0, 'id');
  if (!interactive || session.options.json) {
    const message = `Name the plans that you saw: --plan-digest (see \`firebreak approval show ${id}\`).`;
    throw new AppError('invalid', message, { field: 'plan-digest' });
  }
  const detail = await detailOf(session, id);
  session.surroundings.tell(`${detailText(session, detail)}\n`);
  const answer = await ask(`Type ${verb} to ${verb} exactly these plans: `);
  if (answer.trim() === verb) return detail.approval.planDigest;
  throw new AppError('refused', 'Nothing was decided.');
}

function addAnswers(approval: Command, { run }: Registrar): void {
  const digest = ['--plan-digest <digest>', 'the plans that you saw'] as const;
  run(
    approval
      .command('approve')
      .description('approve exactly the plans that you saw')
      .argument('<id>')
      .option(...digest)
      .option('--reason <why>', 'why, for the timeline'),
    async (session, args) => {
      const planDigest = await confirmedDigest(session, args, 'approve');
      return decide(session, async (client, decisionId) => {
        const { api } = await import('../api/client.ts');
        return client.call(api.approvals.answer, {
          params: { id: argument(args, 0, 'id') },
          body: { decisionId, planDigest, verdict: 'approve', reason: option(args, 'reason') },
        });
      });
    },
  );
  run(
    approval
      .command('reject')
      .description('reject the plans that you saw')
      .argument('<id>')
      .option(...digest)
      .requiredOption('--reason <why>', 'why, for the timeline'),
    async (session, args) => {
      const planDigest = await confirmedDigest(session, args, 'reject');
      return decide(session, async (client, decisionId) => {
        const { api } = await import('../api/client.ts');
        return client.call(api.approvals.answer, {
          params: { id: argument(args, 0, 'id') },
          body: { decisionId, planDigest, verdict: 'reject', reason: option(args, 'reason') },
        });
      });
    },
  );
}

/** `firebreak approval …`: list, show, approve, reject. */
export function registerApproval(registrar: Registrar): void {
  const approval = registrar.program.command('approval').description('what waits for people');
  registrar.run(
    approval
      .command('list')
      .description('list approvals; open ones unless --status is given')
      .option('--status <status>', STATES.join(', '))
      .option('--incident <id>', 'only of this incident')
      .option('--cursor <cursor>', 'go on from an earlier list'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const page = await client.call(api.approvals.list, {
        querystring: {
          status: choice(option(args, 'status') ?? 'open', STATES, 'status'),
          incident: option(args, 'incident'),
          cursor: option(args, 'cursor'),
        },
      });
      session.result(page, () => {
        if (page.items.length === 0) return 'Nothing waits.';
        const rows = page.items.map((one) => [
          one.id,
          one.approvalClass,
          one.title,
          one.incidentId,
          one.expiresAt,
        ]);
        const columns = ['id', 'class', 'title', 'incident', 'until'];
        return renderTable(columns, rows, session.terminal);
      });
      return EXIT.ok;
    },
  );
  registrar.run(
    approval
      .command('show')
      .description('show the exact plans, what they change and what undo would do')
      .argument('<id>'),
    async (session, args) => {
      const detail = await detailOf(session, argument(args, 0, 'id'));
      session.result(detail, () => detailText(session, detail));
      return EXIT.ok;
    },
  );
  addAnswers(approval, registrar);
}
