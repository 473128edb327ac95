// Goal: the Alertmanager twin tells what a real one tells, and our intake understands it. Method: the cases that
// `npm run conformance alertmanager` puts to the real server, here at a tenth of its times.
import { test } from '@jest/globals';
import { createAlertmanagerTwin } from '../../lab/alertmanager/twin.ts';
import { SENDER_CASES } from './alertmanager-cases.ts';
import { GROUP_BY, type StartSender, type Telling } from './alertmanager-stage.ts';

const TELLING: Telling = {
  groupWaitMs: 20,
  groupIntervalMs: 250,
  repeatIntervalMs: 3_600_000,
  resolveTimeoutMs: 300_000,
  alertsMax: 0,
};

const start: StartSender = ({ url, token }, telling) =>
  createAlertmanagerTwin({
    ...telling,
    receivers: [{ url, bearerToken: token }],
    groupBy: GROUP_BY,
    retryScale: 0.1,
  });

test.each(SENDER_CASES)('$title', async ({ run }) => {
  await run(start, TELLING);
});
