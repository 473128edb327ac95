// Goal: a real Alertmanager tells what the twin tells, and our intake understands it. Method: the cases that the twin
// passes, each on a server of its own.
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { SENDER_CASES } from '../senders/alertmanager-cases.ts';
import { GROUP_BY, type StartSender, type Telling } from '../senders/alertmanager-stage.ts';
import { startAlertmanager } from './alertmanager/server.ts';
import { removeFolder, serverFolder } from './folder.ts';

const folder = await serverFolder('alertmanager');
afterAll(() => removeFolder(folder));
let count = 0;

const TELLING: Telling = {
  groupWaitMs: 200,
  groupIntervalMs: 2_500,
  repeatIntervalMs: 3_600_000,
  resolveTimeoutMs: 300_000,
  alertsMax: 0,
};

const start: StartSender = async (receiver, telling) => {
  count += 1;
  const server = await startAlertmanager({
    ...telling,
    folder: join(folder, count.toString()),
    receiver,
    groupBy: GROUP_BY,
  });
  return { url: server.url, close: () => server.stop() };
};

const statusReply = z.object({ versionInfo: z.object({ version: z.string() }) });

test('is the version that the twin stands in for', async () => {
  const server = await start({ url: 'http://127.0.0.1:9', token: 'none' }, TELLING);
  const status = await (await fetch(`${server.url}/api/v2/status`)).json();
  expect(statusReply.parse(status).versionInfo.version).toBe('0.25.0');
  await server.close();
});

test.each(SENDER_CASES)('$title', async ({ run }) => {
  await run(start, TELLING);
});
