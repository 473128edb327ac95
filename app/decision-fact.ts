import { declaredText, type DeclaredWords } from '../domain/clock-record.ts';
import type { Decision } from '../domain/decision.ts';
import type { JsonObject } from '../domain/json.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { DecisionAnswer } from '../workflows/messages.ts';

/** What became of a decision, in words. */
function toldOf(
  { command, actor, decidedAt }: Decision,
  answer: DecisionAnswer,
): Pick<NewFact, 'kind' | 'occurredAt' | 'summary'> {
  if (command.kind === 'note') {
    const occurredAt = command.occurredAt ?? decidedAt;
    return { kind: 'incident.note', occurredAt, summary: `${actor.name}: ${command.text}` };
  }
  if (command.kind === 'declare') {
    const summary = `${actor.name} declares about the clocks of regulators: ${declaredText(command)}.`;
    return { kind: 'clock.declared', occurredAt: decidedAt, summary };
  }
  if (answer.outcome === 'accepted') {
    const { brokenGlass } = actor;
    const alone = brokenGlass ? `, alone by break-glass: ${brokenGlass.reason}` : '';
    const why = 'reason' in command ? ` (${command.reason})` : alone;
    const summary = `${actor.name} decided: ${command.kind}${why}.`;
    return { kind: 'decision.admitted', occurredAt: decidedAt, summary };
  }
  const summary = `${actor.name}'s ${command.kind} was refused: ${answer.reason ?? ''}`;
  return { kind: 'decision.refused', occurredAt: decidedAt, summary };
}

/** What is declared, as it stands in the log. */
function wordsOf({ facts, moments, met, waived, opened }: DeclaredWords): JsonObject {
  return {
    facts: facts.map(({ name, holds }) => ({ name, holds })),
    moments: moments.map(({ name, at }) => ({ name, at })),
    met: met.map(({ clock, at }) => ({ clock, at })),
    waived: waived.map(({ clock, reason }) => ({ clock, reason })),
    opened,
  };
}

/** The fact that a decision was answered; one per decision, whoever writes it. */
export function decisionFact(decision: Decision, answer: DecisionAnswer): NewFact {
  const { id, command, actor } = decision;
  return newFact({
    ...toldOf(decision, answer),
    key: `decision/${id}`,
    actor: actor.person,
    operation: 'operation' in command ? command.operation : null,
    data: {
      decisionId: id,
      kind: command.kind,
      channel: actor.channel,
      roles: actor.roles,
      ...(actor.signedInAt === undefined ? {} : { signedInAt: actor.signedInAt }),
      ...(actor.brokenGlass === undefined ? {} : { brokenGlass: { ...actor.brokenGlass } }),
      ...('planDigest' in command ? { planDigest: command.planDigest } : {}),
      ...(command.kind === 'declare' ? { declared: wordsOf(command) } : {}),
      ...('approvalId' in command ? { approvalId: command.approvalId } : {}),
    },
  });
}
