// The built program in a process of its own, started as `firebreak start` does; says where it is, and ends when its
// standard input closes. Arguments: folder of the built program, data folder, configuration file.
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [program = '', dataDir = '', config = ''] = process.argv.slice(2);
const { start } = await import(pathToFileURL(join(program, 'app', 'start.js')).href);
const closed = once(process.stdin.resume(), 'close');
const firebreak = await start({
  dataDir,
  config,
  port: 0,
  onFailure: (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
});
const { url, adminToken, sources } = firebreak;
process.stdout.write(`${JSON.stringify({ url, adminToken, sources })}\n`);
await closed;
await firebreak.stop();
process.exit();
