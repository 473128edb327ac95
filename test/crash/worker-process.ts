// Firebreak in a process of its own, a worker unless another role is asked for; says `ready` and, in JSON, what its
// first start gave away; ends when its standard input closes.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { asyncLocalStorage } from '@temporalio/activity';
import { z } from 'zod';
import { startFirebreak } from '../../app/firebreak.ts';
import { buildIdOf } from '../../worker/bundle.ts';
import { placesSchema, settingsOf } from './settings.ts';

/** Adds to our name which attempt of which activity sends a call, so that a twin can tell. */
function nameActivities(send: typeof fetch): typeof fetch {
  return (input, init) => {
    const activity = asyncLocalStorage.getStore()?.info;
    if (activity === undefined) return send(input, init);
    const { activityType, activityId, attempt } = activity;
    const headers = new Headers(init?.headers);
    const ours = headers.get('user-agent') ?? '';
    headers.set('user-agent', `${ours} ${activityType}/${activityId}/${attempt.toString()}`);
    return send(input, { ...init, headers });
  };
}

const role = z.enum(['all', 'api', 'worker']).parse(process.argv[3] ?? 'worker');
const places = placesSchema.parse(JSON.parse(process.argv[2] ?? ''));
if (places.namesActivities === true) globalThis.fetch = nameActivities(globalThis.fetch);
const closed = once(process.stdin.resume(), 'close');
const code = await readFile(places.bundlePath, 'utf8');
const bundle = { code, buildId: buildIdOf(code) };
const firebreak = await startFirebreak({ ...settingsOf(places, role), bundle });
const { url, adminToken, sources } = firebreak;
process.stdout.write(`ready\n${JSON.stringify({ url, adminToken, sources })}\n`);
await closed;
await firebreak.stop();
process.exit(0);
