import { newFact, type NewFact } from '../domain/fact.ts';
import { updatePurpose, type NewMessage } from '../domain/message.ts';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Store } from '../store/tables.ts';

/** `customers: 3 addresses`, `leadership: Slack channel C0123`. */
export function audienceWords({
  audience,
  to,
  slackChannel,
}: Pick<StakeholderUpdate, 'audience' | 'to' | 'slackChannel'>): string {
  const where =
    slackChannel === null ? `${to.length.toString()} addresses` : `Slack channel ${slackChannel}`;
  return `${audience}: ${where}`;
}

function factOf(
  update: StakeholderUpdate,
  what: Pick<NewFact, 'kind' | 'occurredAt' | 'actor' | 'summary'>,
): NewFact {
  const { id, audience, reach, ordinal, notice, to, slackChannel, textSha256, reason } = update;
  return newFact({
    key: `${what.kind}/${audience}/${ordinal.toString()}`,
    ...what,
    data: {
      ...{ updateId: id, audience, reach, ordinal, notice, to, slackChannel, textSha256, reason },
      ...{ templateSha256: update.templateSha256, verified: update.verified },
      through: update.settledThrough,
    },
  });
}

function nameOf({ ordinal, notice }: StakeholderUpdate): string {
  return `Update ${ordinal.toString()} (${notice})`;
}

/** That an update waits for a person who reads it. */
export function draftedFact(update: StakeholderUpdate): NewFact {
  return factOf(update, {
    kind: 'update.drafted',
    occurredAt: update.draftedAt,
    actor: 'engine',
    summary: `${nameOf(update)} for ${audienceWords(update)} waits for somebody who reads and sends it.`,
  });
}

/** That people were told again of an update that waits. */
export function remindedFact(update: StakeholderUpdate): NewFact {
  return factOf(update, {
    kind: 'update.reminded',
    occurredAt: null,
    actor: 'engine',
    summary: `People are told again: ${nameOf(update)} for ${update.audience} was not sent.`,
  });
}

/** How an update was settled: what went to whom, when and by whom; or why it was left out. Raises nothing for one that waits: null. */
export function settledFact(update: StakeholderUpdate): NewFact | null {
  const { state, settledAt, settledBy, reason } = update;
  const by = settledBy ?? 'engine';
  const common = { occurredAt: settledAt, actor: by };
  switch (state) {
    case 'drafted':
      return null;
    case 'released':
      return factOf(update, {
        ...common,
        kind: 'update.released',
        summary: `${nameOf(update)} goes to ${audienceWords(update)}; ${by} sent it.`,
      });
    case 'skipped':
      return factOf(update, {
        ...common,
        kind: 'update.skipped',
        summary: `${nameOf(update)} for ${update.audience} was left out by ${by}: ${reason ?? ''}`,
      });
  }
}

/** The messages of a released update: a mail for each address, so that none sees another, or one in its channel. */
export function messagesOf(update: StakeholderUpdate): readonly NewMessage[] {
  const { incidentId, slackChannel, subject, text, to } = update;
  const base = { incidentId, subject, text };
  if (slackChannel !== null) {
    const purpose = updatePurpose(update, sha256Hex(slackChannel));
    return [{ ...base, channel: 'slack', purpose, slackChannel }];
  }
  return to.map((address) => ({
    ...{ ...base, channel: 'mail', to: [address] },
    purpose: updatePurpose(update, sha256Hex(address)),
  }));
}

/** Sends an update that was released, and puts how it was settled on the timeline, in one transaction; again adds nothing. */
export async function tellUpdate(
  store: Pick<Store, 'updates' | 'transaction'>,
  updateId: string,
): Promise<void> {
  const update = await store.updates.get(updateId);
  const fact = update === null ? null : settledFact(update);
  if (update === null || fact === null) return;
  await store.transaction(async (tables) => {
    if (update.state === 'released') await tables.messages.put(messagesOf(update));
    await tables.facts.append(update.incidentId, [fact]);
  });
}
