import type { Configuration } from '../domain/configuration.ts';
import { calendarOf, type OnCallSchedule } from '../domain/on-call.ts';
import { suggestionFor } from '../playbooks/suggestion.ts';
import type { DocumentPath } from '../playbooks/yaml-document.ts';

/** A name that means nothing, and where it stands. */
interface NameProblem {
  readonly path: DocumentPath;
  readonly message: string;
}

/** A name that is used, and what there is. */
interface Use {
  readonly path: DocumentPath;
  readonly name: string | null;
  readonly all: readonly string[];
}

function problemsOf({ path, name, all }: Use): readonly NameProblem[] {
  if (name === null || all.includes(name)) return [];
  return [{ path, message: `There is no '${name}' here.${suggestionFor(name, all)}` }];
}

function usesOfLadder(
  ladder: 'approvals' | 'incidents',
  { escalation, onCall = [], people }: Configuration,
): readonly Use[] {
  const ids = people.map(({ id }) => id);
  const schedules = onCall.map(({ name }) => name);
  return (escalation?.[ladder] ?? []).flatMap((rung, index) => {
    const path = ['escalation', ladder, index];
    return [
      { path: [...path, 'person'], name: rung.person, all: ids },
      { path: [...path, 'onCall'], name: rung.onCall, all: schedules },
    ];
  });
}

/** What a schedule may name: people, and what reads a calendar of PagerDuty. */
interface Known {
  readonly ids: readonly string[];
  readonly pagers: readonly string[];
}

/** What of paging cannot be: a rung that pages where nothing does, and a pager that has no key for it. */
function pagerProblems({ escalation, instances }: Configuration): readonly NameProblem[] {
  const pager = instances.find(({ name }) => name === escalation?.pager);
  const path = ['escalation', 'pager'];
  if (pager !== undefined && pager.config['routingKey'] === undefined) {
    return [{ path, message: `'${pager.name}' has no routingKey to page with.` }];
  }
  if (escalation === undefined || escalation.pager !== undefined) return [];
  return (['approvals', 'incidents'] as const).flatMap((ladder) =>
    escalation[ladder].flatMap(({ channels }, index) =>
      channels.includes('page')
        ? [
            {
              path: ['escalation', ladder, index, 'channels'],
              message: 'To page, escalation.pager must name the instance that does.',
            },
          ]
        : [],
    ),
  );
}

function usesOfSchedule(
  schedule: OnCallSchedule,
  path: DocumentPath,
  { ids, pagers }: Known,
): readonly Use[] {
  const { rotation, pagerduty, overrides } = schedule;
  const way = pagerduty === undefined ? 'ical' : 'pagerduty';
  return [
    { path: [...path, 'pagerduty', 'instance'], name: pagerduty?.instance ?? null, all: pagers },
    ...(rotation?.people ?? []).map((name, place) => ({
      ...{ path: [...path, 'rotation', 'people', place], name, all: ids },
    })),
    ...Object.keys(calendarOf(schedule)?.people ?? {}).map((name) => ({
      ...{ path: [...path, way, 'people', name], name, all: ids },
    })),
    ...overrides.map(({ person: name }, place) => ({
      ...{ path: [...path, 'overrides', place, 'person'], name, all: ids },
    })),
  ];
}

/** Instances of PagerDuty that are real: a drill reads no calendar. */
function pagersOf({ instances }: Configuration): readonly string[] {
  return instances
    .filter(({ connector, drill }) => connector === 'pagerduty' && drill !== true)
    .map(({ name }) => name);
}

/** Names of rungs and schedules that mean nothing: such a one would reach nobody, in the night in which it is needed. */
export function onCallProblems(configuration: Configuration): readonly NameProblem[] {
  const { escalation, onCall = [], people } = configuration;
  const known: Known = { ids: people.map(({ id }) => id), pagers: pagersOf(configuration) };
  const unknown = [
    ...usesOfLadder('approvals', configuration),
    ...usesOfLadder('incidents', configuration),
    ...onCall.flatMap((schedule, index) => usesOfSchedule(schedule, ['onCall', index], known)),
    { path: ['escalation', 'pager'], name: escalation?.pager ?? null, all: known.pagers },
  ].flatMap(problemsOf);
  return [...unknown, ...pagerProblems(configuration)];
}
