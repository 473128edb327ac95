// Firebreak in a process of its own, started as `firebreak start` does; says where it is, and ends when its
// standard input closes. Arguments: data folder, configuration file, folder of playbooks.
import { once } from 'node:events';
import { start } from '../app/start.ts';

const [dataDir = '', config = '', playbooksDir = ''] = process.argv.slice(2);
const closed = once(process.stdin.resume(), 'close');
const firebreak = await start({
  dataDir,
  config,
  playbooksDir,
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
