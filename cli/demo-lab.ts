import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';
import { startLab, type CommonLab } from '../lab/lab.ts';
import { startMixedLab, type RealSystems } from '../lab/mixed-lab.ts';
import { SCENARIO_NAMES } from '../lab/scenario/scenarios.ts';
import { choice } from './arguments.ts';
import { say } from './demo-narration.ts';
import type { DemoOptions } from './demo-stage.ts';

/** The one story that real servers know. */
const STORY_ON_REAL = 'poisoned-data';
const TOKEN_CHARACTERS_MIN = 16;

function wrong(flag: string, what: string): AppError {
  return new AppError('invalid', `--${flag} ${what}.`, { field: flag });
}

/** The address of a real server without a slash at its end. Raises `invalid` for anything else. */
export function addressOf(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw wrong(flag, 'is no http(s) address');
  if (url.username !== '' || url.password !== '') throw wrong(flag, 'must not hold a credential');
  return url.href.replace(/\/+$/, '');
}

/**
 * The token that a real Alertmanager is configured with; null when none was given. Raises `invalid` for a file that
 * cannot be read or holds too little.
 */
export async function alertTokenOf({ alertTokenFile }: DemoOptions): Promise<string | null> {
  if (alertTokenFile === null) return null;
  const flag = 'alert-token-file';
  const text = await readFile(alertTokenFile, 'utf8').catch(() => {
    throw wrong(flag, 'names a file that cannot be read');
  });
  const token = text.trim();
  if (token.length < TOKEN_CHARACTERS_MIN) throw wrong(flag, 'names a file without a long token');
  return token;
}

/**
 * Starts the lab of the demo: twins, or real servers where they are named. Raises `invalid` for an unknown scenario and
 * for one that cannot play on real servers, and what the start of the lab raises.
 */
export async function startDemoLab({
  scenario,
  real,
  openBy,
  approveBy,
}: DemoOptions): Promise<CommonLab> {
  const name = choice(scenario, SCENARIO_NAMES, 'scenario');
  if (openBy === 'slack' && approveBy !== 'slack') {
    throw wrong('approve', 'is slack when Mona opens in Slack: she has no token that approves');
  }
  if (openBy === 'slack' && name !== STORY_ON_REAL) {
    throw wrong('scenario', `is ${STORY_ON_REAL} when it is opened in Slack`);
  }
  if (Object.values(real).every((given) => given === null)) {
    const lab = await startLab(name);
    say('The lab is up: Kubernetes, MLflow, Airflow, Prometheus, Loki, Slack and mail twins.');
    return lab;
  }
  if (name !== STORY_ON_REAL) throw wrong('scenario', `is ${STORY_ON_REAL} on real servers`);
  const lab = await startMixedLab(real);
  for (const line of introduction(lab.real, real)) say(line);
  return lab;
}

function introduction(found: readonly string[], real: RealSystems): readonly string[] {
  return [
    `Real: ${found.join(', ')}. Everything else is a twin.`,
    ...(real.kubeconfig !== null && real.auditLog === null
      ? ["The API server's audit log is not read (--audit-log): no audit events will be sealed."]
      : []),
  ];
}

/** Who can open the demo's incident. */
export const OPENERS = ['alert', 'slack'] as const;

/** Mona writes what she sees into Slack, before any monitor speaks. */
export async function openInSlack({
  slack,
  story,
}: Pick<CommonLab, 'slack' | 'story'>): Promise<void> {
  const { namespace, name } = story.dataset;
  const text = [
    `open Odd scores of ${story.model} since last night's batch`,
    `model=${story.model} suspect=dataset:${namespace}/${name}@${story.days.latest} playbook=${STORY_ON_REAL}`,
  ].join(' ');
  say(`Mona, in Slack: /firebreak ${text}`);
  await slack.connected();
  await slack.sendSlashCommand({ userId: 'U0MONA', command: '/firebreak', text });
}

/** What the configuration of a real Alertmanager needs so that the demo's alert arrives. */
export function receiverOf(target: {
  readonly url: string;
  readonly token: string;
  readonly model: string;
}): string {
  return [
    'route:',
    '  routes:',
    `    - matchers: ['model = "${target.model}"']`,
    '      receiver: firebreak-demo',
    '      group_wait: 1s',
    'receivers:',
    '  - name: firebreak-demo',
    '    webhook_configs:',
    `      - url: ${target.url}`,
    `        http_config: { authorization: { credentials: ${target.token} } }`,
  ].join('\n');
}
