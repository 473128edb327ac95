import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { CLOSING_VERDICTS, SEVERITIES } from '../domain/incident.ts';
import { AppError } from '../domain/error.ts';
import { argument, choice, collect, option, optionList, requiredOption } from './arguments.ts';
import { decide, type DecisionReply } from './decide.ts';
import type { Arguments, Registrar } from './registrar.ts';

const SERVING_ROLES = ['stable', 'canary', 'only'] as const;
/** Where no cluster is named. */
const ONLY_CLUSTER = 'kubernetes';
const WHY = ['--reason <why>', 'why, for the timeline'] as const;

/** The endpoint table, loaded when a command runs. */
async function endpoints() {
  return (await import('../api/client.ts')).api;
}

/** Commands that need nothing but the incident; a reason is welcome. */
function addPlain(incident: Command, { run }: Registrar): void {
  run(
    incident.command('ack').description('say that you have seen it').argument('<id>'),
    (session, args) =>
      decide(session, async (client, decisionId) =>
        client.call((await endpoints()).command('acknowledge'), {
          params: { id: argument(args, 0, 'id') },
          body: { decisionId },
        }),
      ),
  );
  const onwards = [
    ['resume', 'go on after a pause or a hold'],
    ['retry', 'try what failed again'],
  ] as const;
  for (const [name, description] of onwards) {
    run(
      incident
        .command(name)
        .description(description)
        .argument('<id>')
        .option(...WHY),
      (session, args) =>
        decide(session, async (client, decisionId) =>
          client.call((await endpoints()).command(name), {
            params: { id: argument(args, 0, 'id') },
            body: { decisionId, ...givenReason(args) },
          }),
        ),
    );
  }
}

function givenReason(args: Arguments): { readonly reason?: string } {
  const reason = option(args, 'reason');
  return reason === undefined ? {} : { reason };
}

/** Commands that need a reason. */
function addReasoned(incident: Command, { run }: Registrar): void {
  const reasoned = [
    ['veto', 'be asked before each effect from now on'],
    ['pause', 'stop before the next operation'],
    ['cancel', 'stop here; containment stays as it is'],
    ['stand-down', 'plan the way back, newest change first'],
  ] as const;
  for (const [name, description] of reasoned) {
    run(
      incident
        .command(name)
        .description(description)
        .argument('<id>')
        .requiredOption(...WHY),
      (session, args) =>
        decide(session, async (client, decisionId) =>
          client.call((await endpoints()).command(name), {
            params: { id: argument(args, 0, 'id') },
            body: { decisionId, reason: requiredOption(args, 'reason') },
          }),
        ),
    );
  }
}

/** Commands on one operation. */
function addOperation(incident: Command, { run }: Registrar): void {
  const named = [
    ['skip', 'go on without an operation'],
    ['mark-done', 'say that you have done an operation by hand'],
  ] as const;
  for (const [name, description] of named) {
    run(
      incident
        .command(name)
        .description(description)
        .argument('<id>')
        .argument('<operation>')
        .requiredOption(...WHY),
      (session, args) =>
        decide(session, async (client, decisionId) =>
          client.call((await endpoints()).command(name), {
            params: { id: argument(args, 0, 'id') },
            body: {
              decisionId,
              operation: argument(args, 1, 'operation'),
              reason: requiredOption(args, 'reason'),
            },
          }),
        ),
    );
  }
}

type Send = (client: ApiClient, decisionId: string, args: Arguments) => Promise<DecisionReply>;

const sendNote: Send = async (client, decisionId, args) => {
  const [, ...words] = args.positional;
  return client.call((await endpoints()).command('note'), {
    params: { id: argument(args, 0, 'id') },
    body: { decisionId, text: words.join(' '), occurredAt: option(args, 'at') ?? null },
  });
};

const sendSeverity: Send = async (client, decisionId, args) =>
  client.call((await endpoints()).command('severity'), {
    params: { id: argument(args, 0, 'id') },
    body: {
      decisionId,
      severity: choice(argument(args, 1, 'severity'), SEVERITIES, 'severity'),
      reason: requiredOption(args, 'reason'),
    },
  });

const sendTargets: Send = async (client, decisionId, args) =>
  client.call((await endpoints()).command('targets'), {
    params: { id: argument(args, 0, 'id') },
    body: {
      decisionId,
      model: argument(args, 1, 'model'),
      reason: requiredOption(args, 'reason'),
    },
  });

const sendHandOver: Send = async (client, decisionId, args) =>
  client.call((await endpoints()).command('hand-over'), {
    params: { id: argument(args, 0, 'id') },
    body: {
      decisionId,
      to: argument(args, 1, 'person'),
      ...givenReason(args),
    },
  });

/** `operation,target,owner,expiry` as one containment left in place. */
function leftOf(text: string) {
  const [operation, target, owner, expiresAt, ...more] = text.split(',');
  if (operation && target && owner && expiresAt && more.length === 0) {
    return { operation, target, owner, expiresAt };
  }
  throw new AppError('invalid', '--leave takes OPERATION,TARGET,OWNER,EXPIRY.', { field: 'leave' });
}

const sendClose: Send = async (client, decisionId, args) =>
  client.call((await endpoints()).command('close'), {
    params: { id: argument(args, 0, 'id') },
    body: {
      decisionId,
      verdict: choice(requiredOption(args, 'verdict'), CLOSING_VERDICTS, 'verdict'),
      reason: requiredOption(args, 'reason'),
      leave: optionList(args, 'leave').map(leftOf),
    },
  });

const sendReroute: Send = async (client, decisionId, args) =>
  client.call((await endpoints()).command('reroute'), {
    params: { id: argument(args, 0, 'id') },
    body: {
      decisionId,
      playbook: argument(args, 1, 'playbook'),
      reason: requiredOption(args, 'reason'),
    },
  });

/** `cluster/namespace/name`, or without the cluster where there is but one. Raises `invalid`. */
function targetOf(args: Arguments) {
  const parts = argument(args, 1, 'object').split('/');
  const [cluster = '', namespace = '', name = ''] =
    parts.length === 2 ? [ONLY_CLUSTER, ...parts] : parts;
  if (cluster !== '' && namespace !== '' && name !== '' && parts.length <= 3) {
    return { cluster, namespace, name, reason: requiredOption(args, 'reason') };
  }
  throw new AppError('invalid', 'An object is CLUSTER/NAMESPACE/NAME, or NAMESPACE/NAME.', {
    field: 'object',
  });
}

const sendTargetAdd: Send = async (client, decisionId, args) => {
  const role = option(args, 'role');
  return client.call((await endpoints()).command('target-add'), {
    params: { id: argument(args, 0, 'id') },
    body: {
      decisionId,
      ...targetOf(args),
      role: role === undefined ? null : choice(role, SERVING_ROLES, 'role'),
    },
  });
};

const sendTargetRemove: Send = async (client, decisionId, args) =>
  client.call((await endpoints()).command('target-remove'), {
    params: { id: argument(args, 0, 'id') },
    body: { decisionId, ...targetOf(args) },
  });

/** Commands after which the playbook begins again, with what is in force left in force. */
function addRedirections(incident: Command, add: (command: Command, send: Send) => void): void {
  add(
    incident
      .command('reroute')
      .description('go on with another playbook, from its first step; open plans are void')
      .argument('<id>')
      .argument('<playbook>')
      .requiredOption(...WHY),
    sendReroute,
  );
  const target = incident.command('target').description('the objects that the incident acts on');
  const changes = [
    ['add', 'make an object of the inventory a target; open plans are void', sendTargetAdd],
    ['remove', 'take an object out of the targets; open plans are void', sendTargetRemove],
  ] as const;
  for (const [name, description, send] of changes) {
    const command = target
      .command(name)
      .description(description)
      .argument('<id>')
      .argument('<object>', 'CLUSTER/NAMESPACE/NAME, or NAMESPACE/NAME')
      .requiredOption(...WHY);
    if (name === 'add') {
      command.option('--role <role>', `the role that it plays: ${SERVING_ROLES.join(', ')}`);
    }
    add(command, send);
  }
}

/** Adds the commands by which people steer an incident. */
export function addIncidentCommands(incident: Command, registrar: Registrar): void {
  addPlain(incident, registrar);
  addReasoned(incident, registrar);
  addOperation(incident, registrar);
  const add = (command: Command, send: Send): void => {
    registrar.run(command, (session, args) =>
      decide(session, (client, decisionId) => send(client, decisionId, args)),
    );
  };
  const named = (name: string, description: string): Command =>
    incident.command(name).description(description).argument('<id>');
  add(
    named('note', 'write a note on the timeline')
      .argument('<text...>')
      .option('--at <time>', 'when it happened, RFC 3339'),
    sendNote,
  );
  add(
    named('severity', 'change the severity')
      .argument('<severity>', SEVERITIES.join(', '))
      .requiredOption(...WHY),
    sendSeverity,
  );
  add(
    named('targets', 'choose the model that this is about')
      .argument('<model>')
      .requiredOption(...WHY),
    sendTargets,
  );
  add(
    named('handover', 'hand the incident to somebody')
      .argument('<person>')
      .option(...WHY),
    sendHandOver,
  );
  addRedirections(incident, add);
  add(
    named('close', 'close with a verdict')
      .requiredOption('--verdict <verdict>', CLOSING_VERDICTS.join(', '))
      .requiredOption(...WHY)
      .option('--leave <what>', 'leave a containment: OPERATION,TARGET,OWNER,EXPIRY', collect),
    sendClose,
  );
}
