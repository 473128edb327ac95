import type { CarriedChange } from '../activities/run-reference.ts';
import type { Decision } from '../domain/decision.ts';
import type { BornFact } from './carrier.ts';

/** What a command that acts at once changes: columns of the incident, a fact, and the run's own course. */
export interface CommandEffect {
  readonly change: CarriedChange;
  readonly fact: Pick<BornFact, 'kind' | 'summary' | 'data'>;
  readonly paused?: boolean;
  readonly vetoed?: boolean;
  readonly cancelled?: { readonly reason: string; readonly by: string };
}

/**
 * What a command does to a run at once; null for the rest, which either only wakes it (answers to approvals, of
 * which Postgres is the arbiter) or goes through the waiting loop.
 */
export function effectOf({ command, actor }: Decision): CommandEffect | null {
  const { name, person } = actor;
  const says = (kind: BornFact['kind'], words: string): Pick<BornFact, 'kind' | 'summary'> => ({
    kind,
    summary: `${name} ${words}`,
  });
  switch (command.kind) {
    case 'pause':
      return {
        change: { paused: true },
        fact: says('incident.paused', `paused the incident: ${command.reason}`),
        paused: true,
      };
    case 'resume':
      return {
        change: { paused: false },
        fact: says('incident.unpaused', 'resumed the incident.'),
        paused: false,
      };
    case 'cancel': {
      const { reason } = command;
      const fact = says('incident.cancelled', `cancelled the incident: ${reason}`);
      return { change: {}, fact: { ...fact, data: { reason } }, cancelled: { reason, by: person } };
    }
    case 'hand-over': {
      const { to, reason } = command;
      const why = reason === undefined ? '.' : `: ${reason}`;
      const fact = says('incident.handed-over', `handed the incident over to ${to}${why}`);
      return { change: { owner: to }, fact: { ...fact, data: { to } } };
    }
    case 'veto': {
      const { reason } = command;
      const fact = says(
        'incident.vetoed',
        `vetoed: from now on each effect is asked for: ${reason}`,
      );
      return { change: { mode: 'ask' }, fact: { ...fact, data: { reason } }, vetoed: true };
    }
    case 'severity': {
      const { severity, reason } = command;
      const fact = says('incident.severity-set', `set the severity to ${severity}: ${reason}`);
      return { change: { severity }, fact: { ...fact, data: { severity } } };
    }
    case 'acknowledge':
      return {
        change: { acknowledgedBy: person, owner: person },
        fact: says('incident.acknowledged', 'acknowledged the incident.'),
      };
    default:
      return null;
  }
}
