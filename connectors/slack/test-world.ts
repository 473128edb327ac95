import type { StoredPlan } from '../../domain/plan.ts';
import { createSlackTwin, type SlackTwin, type SlackTwinOptions } from '../../lab/slack/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { Connector } from '../connector.ts';
import { create } from './index.ts';

/** Where messages go. */
export const CHANNEL = 'C0INCIDENTS';

/** The plan of a message that is not there yet. */
export const PLAN: StoredPlan = {
  summary: 's',
  targets: ['Channel/-/default'],
  before: { posted: false },
  after: { posted: true },
  token: null,
  undo: 'none',
};

const closers = closersAfterEach();

/** A workspace and a connector on it, both closed behind the test. */
export async function world(
  options: SlackTwinOptions = {},
  config: object = {},
): Promise<{ readonly twin: SlackTwin; readonly slack: Connector }> {
  const twin = await createSlackTwin(options);
  closers.push(() => twin.close());
  const slack = create({ token: twin.botToken, channel: CHANNEL, apiUrl: twin.apiUrl, ...config });
  closers.push(() => slack.close());
  return { twin, slack };
}
