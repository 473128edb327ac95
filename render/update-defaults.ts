import type { Notice, UpdateTemplate } from '../domain/stakeholder-update.ts';

/** The same for each notice, so that mail programs keep them together. */
const SUBJECT = 'Incident #{{ number }}: {{ model }}';

const CONTAINMENT = `{% if contained %}It is contained since {{ containedAt }}.{% else %}It is not known to be contained yet.{% endif %}`;
const CHANGES = `{% if changes.size > 0 %}Since the last update:
{% for change in changes %}- {{ change }}
{% endfor %}{% endif %}`;
const NEXT = `{% if nextUpdateAt != '' %}The next update is due at {{ nextUpdateAt }}.{% endif %}`;

/** The templates that ship, in the order of an incident; the first line says which notice it is. */
export const DEFAULT_TEMPLATES: Readonly<Record<Notice, UpdateTemplate>> = {
  first: {
    subject: SUBJECT,
    text: `We are responding to an incident with {{ model }}, severity {{ severity }}, since {{ openedAt }}.

${CONTAINMENT}

${NEXT}`,
  },
  update: {
    subject: SUBJECT,
    text: `Update on the incident with {{ model }}, severity {{ severity }}, open since {{ openedAt }}.

{% if withdrawn %}We gave the all-clear before. It holds no longer: not everything is verified now.

{% endif %}{% if verified %}Everything that was done is verified.{% else %}${CONTAINMENT}{% endif %}

${CHANGES}

${NEXT}`,
  },
  'all-clear': {
    subject: SUBJECT,
    text: `All clear: {{ model }} serves its known-good state again, and independent checks verified it.

We go on watching until the incident is closed.

${CHANGES}

${NEXT}`,
  },
  resolved: {
    subject: SUBJECT,
    text: `The incident with {{ model }} that began at {{ openedAt }} is closed.

{% if verified %}Everything that was done was verified.{% else %}Not everything that was done could be verified.{% endif %}{% if verdict != '' %} What it was: {{ verdict }}.{% endif %}

${CHANGES}`,
  },
};
