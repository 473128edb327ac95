// A worker of Firebreak in a process of its own; says `ready`, and ends when its standard input closes.
import { once } from 'node:events';
import { startFirebreak } from '../../app/firebreak.ts';
import { placesSchema, settingsOf } from './settings.ts';

const places = placesSchema.parse(JSON.parse(process.argv[2] ?? ''));
const closed = once(process.stdin.resume(), 'close');
const firebreak = await startFirebreak(settingsOf(places, 'worker'));
process.stdout.write('ready\n');
await closed;
await firebreak.stop();
process.exit(0);
