// Goal: a postmortem as Markdown shows every statement with its citations and lets no text from outside format it.
// Method: hostile text as title, summaries and data; the structure must be that of an innocent incident.
import { describe, expect, test } from '@jest/globals';
import {
  buildPostmortem,
  POSTMORTEM_SECTIONS,
  type PostmortemInput,
} from '../domain/postmortem.ts';
import { incident, sampleFacts } from '../domain/sample-incident.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { renderPostmortem } from './markdown.ts';

function input(text: string): PostmortemInput {
  return {
    incident: { ...incident, title: text, suspect: text, model: text },
    facts: sampleFacts([
      { kind: 'alert.received', summary: text, actor: text },
      { kind: 'incident.opened', summary: text },
      { kind: 'incident.note', summary: text, actor: 'ada' },
      { kind: 'lineage.traced', summary: text, data: { suspect: text, affected: [{ id: text }] } },
      {
        kind: 'known-good.chosen',
        data: { rejected: [{ candidate: text, reason: text, code: text }] },
      },
    ]),
    evidence: [],
    custody: [],
    operations: [],
    approvals: [],
    chain: { facts: 5, headHash: 'a'.repeat(64), verified: true, firstBad: null, problem: null },
  };
}

/** Headings, bullets and everything else, line by line. */
function shape(markdown: string): readonly string[] {
  return markdown.split('\n').map((line) => /^(?:#+|-|)/u.exec(line)?.[0] ?? '');
}

describe('renderPostmortem', () => {
  const innocent = renderPostmortem(buildPostmortem(input('innocent')));

  test('has a heading for each group, cites facts and marks what is unknown', () => {
    const headings = innocent.split('\n').filter((line) => line.startsWith('## '));
    expect(headings).toEqual(
      POSTMORTEM_SECTIONS.map((title, index) => `## ${(index + 1).toString()}. ${title}`),
    );
    expect(innocent).toContain('- innocent \\[fact 1\\]');
    expect(innocent).toContain('**ATLAS techniques:** *unknown*');
  });

  test.each(
    HOSTILE_TEXTS.filter((text) => text !== '').map((text): [string, string] => [
      JSON.stringify(text.slice(0, 40)),
      text,
    ]),
  )('%s changes no structure', (_name, text) => {
    const markdown = renderPostmortem(buildPostmortem(input(text)));
    expect(shape(markdown)).toEqual(shape(innocent));
    expect(markdown).not.toMatch(/[<>]/u);
  });
});
