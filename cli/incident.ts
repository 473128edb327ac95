import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { renderHandPlan } from '../render/hand-plan.ts';
import { renderFact, renderIncident, renderSuspects, renderTable } from '../render/terminal.ts';
import { argument, flag, numberOption, option } from './arguments.ts';
import { addClocks } from './clocks.ts';
import { allFacts } from './fact-pages.ts';
import { EXIT } from './failure.ts';
import { addIncidentCommands } from './incident-command.ts';
import type { Registrar } from './registrar.ts';
import { addSnooze } from './silence.ts';

const FACTS_MAX = 10_000;
const LIST_MAX = 200;

function addReading(incident: Command, { run }: Registrar): void {
  run(
    incident
      .command('list')
      .description('list incidents, newest first')
      .option('--state <states>', 'only these states, joined by commas')
      .option('--limit <count>', 'at most so many (200)')
      .option('--cursor <cursor>', 'go on from an earlier list'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const limit = numberOption(args, 'limit', { min: 1, max: LIST_MAX });
      const page = await client.call(api.incidents.list, {
        querystring: { state: option(args, 'state'), cursor: option(args, 'cursor'), limit },
      });
      session.result(page, () => {
        if (page.items.length === 0) return 'No incidents.';
        const rows = page.items.map((one) => [
          one.number.toString(),
          one.id,
          one.paused ? `${one.state}, paused` : one.state,
          one.severity,
          one.title,
          one.openedAt,
        ]);
        const table = renderTable(
          ['#', 'id', 'state', 'severity', 'title', 'opened'],
          rows,
          session.terminal,
        );
        return page.next === null ? table : `${table}\nMore: --cursor ${page.next}`;
      });
      return EXIT.ok;
    },
  );

  run(
    incident
      .command('show')
      .description('show one incident and what you can do now')
      .argument('<id>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const detail = await client.call(api.incidents.show, {
        params: { id: argument(args, 0, 'id') },
      });
      session.result(detail, () => {
        const shown = renderIncident(
          detail.incident,
          detail.now.map(({ cli }) => cli),
          session.terminal,
        );
        return `${shown}${renderSuspects(detail.suspects, session.terminal)}`;
      });
      return EXIT.ok;
    },
  );
}

function addTimeline(incident: Command, { run }: Registrar): void {
  run(
    incident
      .command('timeline')
      .description('print the facts of an incident in the order of learning')
      .argument('<id>')
      .option('--limit <count>', 'at most so many facts (10000)'),
    async (session, args) => {
      const limit = numberOption(args, 'limit', { min: 1, max: FACTS_MAX }) ?? FACTS_MAX;
      const { facts, head } = await allFacts(
        await session.client(),
        argument(args, 0, 'id'),
        limit,
      );
      session.result({ items: facts, head }, () =>
        facts.length === 0
          ? 'No facts yet.'
          : facts.map((fact) => renderFact(fact, session.terminal)).join('\n'),
      );
      return EXIT.ok;
    },
  );

  run(
    incident
      .command('watch')
      .description('follow an incident until it is closed; with --json one fact a line')
      .argument('<id>')
      .option('--after <sequence>', 'begin after this fact'),
    async (session, args) => {
      const client = await session.client();
      const after = numberOption(args, 'after', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0;
      for await (const fact of client.facts(argument(args, 0, 'id'), after)) {
        session.result(fact, () => renderFact(fact, session.terminal));
        if (fact.kind === 'incident.closed') return EXIT.ok;
      }
      return EXIT.interrupted;
    },
  );
}

function addRunbook(incident: Command, { run }: Registrar): void {
  run(
    incident
      .command('runbook')
      .description('print the rest of the plan as plain commands, for when the engine is down')
      .argument('<id>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const params = { id: argument(args, 0, 'id') };
      const reply = await client.call(api.incidents.rest, { params });
      session.result(reply, () => renderHandPlan(reply.items));
      return EXIT.ok;
    },
  );
}

function addOpening(incident: Command, { run }: Registrar): void {
  run(
    incident
      .command('open')
      .description('open an incident by hand, through the same routing as an alert')
      .argument('<words...>', 'what is wrong; may hold model=NAME suspect=ID playbook=NAME')
      .option('--drill', 'a rehearsal: it reaches drill instances alone, and counts nowhere')
      .addHelpText(
        'after',
        '\nExample:\n  firebreak incident open fraud-scorer approves everything model=fraud-scorer',
      ),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const reply = await client.call(api.incidents.open, {
        body: {
          text: args.positional.join(' '),
          requestId: randomUUID(),
          ...(flag(args, 'drill') ? { drill: true } : {}),
        },
      });
      session.result(
        reply,
        () =>
          `${reply.created ? 'Opened' : 'Joined'} incident #${reply.incident.number.toString()} ` +
          `(${reply.incident.id}).\nFollow it: firebreak incident watch ${reply.incident.id}`,
      );
      return EXIT.ok;
    },
  );
}

/** `firebreak incident …`: open, list, show, watch, timeline, and every command of a person. */
export function registerIncident(registrar: Registrar): void {
  const incident = registrar.program
    .command('incident')
    .description('incidents and their timeline');
  addOpening(incident, registrar);
  addReading(incident, registrar);
  addTimeline(incident, registrar);
  addRunbook(incident, registrar);
  addClocks(incident, registrar);
  addIncidentCommands(incident, registrar);
  addSnooze(incident, registrar);
}
