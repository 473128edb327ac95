// A worker of Firebreak in a process of its own; says `ready`, and ends when its standard input closes.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { startFirebreak } from '../../app/firebreak.ts';
import { buildIdOf } from '../../worker/bundle.ts';
import { placesSchema, settingsOf } from './settings.ts';

const places = placesSchema.parse(JSON.parse(process.argv[2] ?? ''));
const closed = once(process.stdin.resume(), 'close');
const code = await readFile(places.bundlePath, 'utf8');
const bundle = { code, buildId: buildIdOf(code) };
const firebreak = await startFirebreak({ ...settingsOf(places, 'worker'), bundle });
process.stdout.write('ready\n');
await closed;
await firebreak.stop();
process.exit(0);
