import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { CommonLab } from '../lab/lab.ts';
import { visibleLines } from '../render/visible.ts';
import { SLACK_CHANNEL } from './demo-firebreak.ts';
import { say } from './demo-narration.ts';

/** How long a question's card and mail are waited for: they are sent beside the run, a moment later. */
const ARRIVES_WITHIN_MS = 3_000;
const LOOK_MS = 50;

const words = z.object({ text: z.string() });
const cardBlock = z.object({
  type: z.string(),
  text: words.optional(),
  fields: z.array(words).optional(),
  elements: z.array(z.object({ text: z.union([z.string(), words]) })).optional(),
});
type CardBlock = z.output<typeof cardBlock>;

/** One block of a Slack message as Slack lays it out, in lines. */
function linesOfBlock({ type, text, fields = [], elements = [] }: CardBlock): readonly string[] {
  const pieces = elements.map((piece) =>
    typeof piece.text === 'string' ? piece.text : piece.text.text,
  );
  const lines = [
    ...(text === undefined ? [] : text.text.split('\n')),
    ...fields.map((field) => field.text.replace('\n', ': ')),
    ...(type === 'actions' ? [pieces.map((piece) => `[ ${piece} ]`).join('  ')] : pieces),
  ];
  return type === 'header' ? [...lines, '─'.repeat(lines[0]?.length ?? 0)] : lines;
}

/** A card as text: what people read in Slack, without its colours. */
export function cardText(blocks: unknown): string {
  const parsed = z.array(cardBlock).parse(blocks);
  return parsed.map((block) => linesOfBlock(block).join('\n')).join('\n\n');
}

type Mails = CommonLab['mail']['received'];
type Mail = Mails[number];

function show(title: string, text: string): void {
  const framed = visibleLines(text.replaceAll('\r\n', '\n').trimEnd()).split('\n');
  say(`\n  ${title}`);
  for (const line of framed) say(`  │ ${line}`);
}

function mailHead({ headers, to, subject }: Mail): string {
  const importance = headers['importance'];
  return [
    `From: ${headers['from'] ?? ''}`,
    `To: ${to.join(', ')}`,
    `Subject: ${subject}`,
    ...(importance === undefined ? [] : [`Importance: ${importance}`]),
  ].join('\n');
}

async function keepMail(folder: string, name: string, mail: Mail): Promise<void> {
  await writeFile(join(folder, `${name}.eml`), mail.raw);
  await writeFile(join(folder, `${name}.txt`), mail.text);
  if (mail.html !== null) await writeFile(join(folder, `${name}.html`), mail.html);
}

/** Looks until something is there; null when the time is over. */
async function arrival<T>(look: () => T | undefined): Promise<T | null> {
  const deadline = Date.now() + ARRIVES_WITHIN_MS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) return null;
    await sleep(LOOK_MS);
  }
}

/**
 * Shows the first question as people get it, before anybody answers: the mail that told of the incident, the card in Slack, and the
 * mail of the approval; each is kept as a file in `messages` in the demo's data. Later questions are not shown again.
 */
export function questionShower(
  { slack, mail }: Pick<CommonLab, 'slack' | 'mail'>,
  dataDir: string,
): (approvalId: string) => Promise<void> {
  let isShown = false;
  return async (approvalId) => {
    if (isShown) return;
    isShown = true;
    const folder = join(dataDir, 'messages');
    await mkdir(folder, { recursive: true });
    const card = await arrival(() =>
      slack
        .messages(SLACK_CHANNEL)
        .find(({ blocks = [] }) => JSON.stringify(blocks).includes(approvalId)),
    );
    const asked = await arrival(() => mail.received.find(({ text }) => text.includes(approvalId)));
    const [opened] = mail.received;
    for (const [name, title, one] of [
      ['opened', 'Mail, when the incident opened', opened],
      ['approval', 'Mail, to those who may answer', asked],
    ] as const) {
      if (one === undefined || one === null) continue;
      await keepMail(folder, name, one);
      show(title, `${mailHead(one)}\n\n${one.text}`);
    }
    if (card !== null) {
      const text = cardText(card.blocks);
      await writeFile(join(folder, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
      await writeFile(join(folder, 'card.txt'), `${text}\n`);
      show('Card in Slack', text);
    }
    say(`\n  Kept in ${folder}.`);
  };
}
