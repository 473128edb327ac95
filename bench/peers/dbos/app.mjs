// The same five steps on DBOS, as a yardstick: an alert starts a durable workflow whose five steps each call the world
// once. Environment: DATABASE (a Postgres URL), WORLD (where the steps are called). Says where it listens; ends when its
// standard input closes.
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { DBOS } from '@dbos-inc/dbos-sdk';

const { DATABASE, WORLD } = process.env;
const STEPS = ['isolate', 'audit', 'revert', 'forensics', 'redeploy'];
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

async function call(step, incident) {
  const sent = request(`${WORLD}/step/${step}`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json' },
  });
  sent.end(JSON.stringify({ incident, step }));
  const [answer] = await once(sent, 'response');
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`);
}

const incident = DBOS.registerWorkflow(
  async (id) => {
    for (const step of STEPS) await DBOS.runStep(() => call(step, id), { name: step });
  },
  { name: 'incident' },
);

DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: DATABASE,
  systemDatabasePoolSize: 10,
  logLevel: 'error',
});
await DBOS.launch();

async function take(message) {
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  const { id } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  await DBOS.startWorkflow(incident, { workflowID: id })(id);
}

const server = createServer((message, answer) => {
  take(message).then(
    () => answer.writeHead(202).end(),
    (error) => answer.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
await once(process.stdin.resume(), 'close');
server.closeAllConnections();
await DBOS.shutdown();
process.exit(0);
