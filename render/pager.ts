import type { Severity } from '../domain/incident.ts';
import { inertText } from './mail.ts';
import { cut } from './visible.ts';

/** Characters of a summary that PagerDuty takes. */
const SUMMARY_MAX = 1_024;
/** Characters of a title before what is wanted. */
const TITLE_MAX = 400;
const SOURCE_MAX = 255;
const DETAIL_MAX = 4_000;

/** What wakes somebody up; text in it may come from outside. */
export interface PageContent {
  readonly number: number;
  readonly title: string;
  readonly severity: Severity;
  /** The model that it is about; null when it is not known. */
  readonly model: string | null;
  /** What nobody has done yet. */
  readonly headline: string;
  readonly text: string;
  /** Whom the rung calls, as people see them. */
  readonly people: readonly string[];
}

/** A page as PagerDuty takes it: inert text within its limits. */
export interface RenderedPage {
  readonly summary: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly source: string;
  readonly details: Readonly<Record<string, string>>;
}

const SEVERITIES: Readonly<Record<Severity, RenderedPage['severity']>> = {
  sev1: 'critical',
  sev2: 'error',
  sev3: 'warning',
  sev4: 'info',
};

/** Text from outside on one line, shown and without anything that becomes a link; never empty. */
function line(text: string, charactersMax: number): string {
  const plain = inertText(text.replace(/\s+/gu, ' ').trim());
  return plain === '' ? '–' : cut(plain, charactersMax);
}

/** What is read out at night: which incident, then what nobody has done. */
export function renderPagerPage(content: PageContent): RenderedPage {
  const { number, title, severity, model, headline, text, people } = content;
  const incident = `#${number.toString()} ${line(title, TITLE_MAX)}`;
  return {
    summary: cut(`${incident}: ${line(headline, SUMMARY_MAX)}`, SUMMARY_MAX),
    severity: SEVERITIES[severity],
    source: line(model ?? 'Firebreak', SOURCE_MAX),
    details: {
      what: cut(inertText(text), DETAIL_MAX),
      called: people.length === 0 ? 'nobody by name' : line(people.join(', '), DETAIL_MAX),
      note: 'Acknowledging or resolving this here decides nothing in Firebreak.',
    },
  };
}
