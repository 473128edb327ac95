// Firebreak in a process of its own, a worker unless another role is asked for; says `ready` and, in JSON, what its
// first start gave away; ends when its standard input closes.
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { asyncLocalStorage } from '@temporalio/activity';
import { z } from 'zod';
import { startFirebreak } from '../../app/firebreak.ts';
import { bundleOf, placesSchema, settingsOf } from './settings.ts';

const NAME_HEADER = 'user-agent';
const createdSchema = z.object({
  request: z.object({ headers: z.custom<string[]>((value) => Array.isArray(value)) }),
});

/** Adds to our name which attempt of which activity sends a call, so that a twin can tell. */
function nameActivity(message: unknown): void {
  const activity = asyncLocalStorage.getStore()?.info;
  if (activity === undefined) return;
  const { activityType, activityId, attempt } = activity;
  const { request } = createdSchema.parse(message);
  const at = request.headers.indexOf(NAME_HEADER) + 1;
  const ours = request.headers[at] ?? '';
  request.headers[at] = `${ours} ${activityType}/${activityId}/${attempt.toString()}`;
}

const role = z.enum(['all', 'api', 'worker']).parse(process.argv[3] ?? 'worker');
const places = placesSchema.parse(JSON.parse(process.argv[2] ?? ''));
if (places.namesActivities === true) subscribe('undici:request:create', nameActivity);
const closed = once(process.stdin.resume(), 'close');
const bundle = await bundleOf(places);
const firebreak = await startFirebreak({ ...settingsOf(places, role), bundle });
const { url, adminToken, sources } = firebreak;
process.stdout.write(`ready\n${JSON.stringify({ url, adminToken, sources })}\n`);
await closed;
await firebreak.stop();
process.exit(0);
