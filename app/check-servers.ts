import { CREDENTIALS, type Credential } from '../domain/credential.ts';
import { examineDatabase } from '../store/examine.ts';
import type { ComparedClock } from './check-instances.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { serverAccount } from './embedded/account.ts';
import { postgresBinaries } from './embedded/postgres-binaries.ts';
import { findTemporalCli } from './embedded/temporal-cli.ts';
import { connectEngine } from './engine-client.ts';
import { bad, check, good, type Check } from './finding.ts';
import { startHint, unservedOf } from './queue-watch.ts';
import { readTemporalConnection } from './temporal-connection.ts';

const POSTGRES_MIN = 150_000;
/** A permit for a change is good for five seconds: clocks that differ by more make its times worthless as evidence. */
const SKEW_MAX_MS = 5_000;

/** What was found out about a database, and its clock when it answered. */
export interface ExaminedDatabase {
  readonly checks: readonly Check[];
  readonly clocks: readonly ComparedClock[];
}

/** `18.4` of 180004. */
function versionText(version: number): string {
  return `${Math.floor(version / 10_000).toString()}.${(version % 10_000).toString()}`;
}

async function checkDatabase(databaseUrl: string): Promise<ExaminedDatabase> {
  const name = 'database';
  let clocks: readonly ComparedClock[] = [];
  const problems: Check[] = [];
  const fix = 'Check DATABASE_URL, that the server runs, and that its network lets us in.';
  const answers = await check(name, fix, async () => {
    const found = await examineDatabase(databaseUrl);
    clocks = [{ name, skewMs: found.clockSkewMs }];
    if (found.version < POSTGRES_MIN) {
      const old = `Postgres ${versionText(found.version)} is too old.`;
      problems.push(bad(name, old, 'Use Postgres 15 or newer.'));
    }
    for (const right of found.missing) {
      const how = 'Let an administrator grant it, or run `firebreak migrate` as one once.';
      problems.push(bad(`right at ${name}`, `missing: ${right}`, how));
    }
    const pending =
      found.pending === 0
        ? 'migrated to this version'
        : `${found.pending.toString()} migrations are applied at the next start`;
    return `Postgres ${versionText(found.version)}, ${pending}`;
  });
  return { checks: [answers, ...problems], clocks };
}

/** The Postgres that DATABASE_URL names, asked; or the binaries of the embedded one. Never raises. */
export async function checkPostgres(config: Config): Promise<ExaminedDatabase> {
  if (config.databaseUrl !== null) return checkDatabase(config.databaseUrl);
  const fix = 'Install the optional packages again, or set DATABASE_URL.';
  const embedded = await check('database', fix, () => {
    const binaries = postgresBinaries({ account: serverAccount(), cacheDir: config.cacheDir });
    return `embedded, ${binaries.label}`;
  });
  return { checks: [embedded], clocks: [] };
}

/** Whether each credential has a process; that none runs at all is no fault. */
function queuesFinding(unserved: readonly Credential[]): readonly Check[] {
  const name = 'credentials';
  if (unserved.length === 0) return [good(name, 'each has a process that serves it')];
  if (unserved.length === CREDENTIALS.length) return [good(name, 'no worker runs')];
  return unserved.map((credential) =>
    bad(
      name,
      `No process serves '${credential}': what needs it is held.`,
      `${startHint(credential)}, in the environment that holds its secrets.`,
    ),
  );
}

/**
 * The Temporal server that the environment names, asked for its namespace and who polls its queues; or the CLI of the embedded
 * one. Never raises.
 */
export async function checkTemporal(
  config: Config,
  environment: Environment,
): Promise<readonly Check[]> {
  const fix = 'Set TEMPORAL_ADDRESS, set TEMPORAL_CLI_PATH, or put `temporal` on the PATH.';
  let queues: readonly Check[] = [];
  const server = await check('temporal', fix, async () => {
    const named = await readTemporalConnection(environment);
    if (named === null) {
      const { temporalCliPath: cliPath, searchPath, cacheDir } = config;
      const cli = await findTemporalCli({ cliPath, searchPath, cacheDir });
      return `embedded, CLI ${cli.version} from ${cli.source}`;
    }
    const { connection, namespace } = named;
    const engine = await connectEngine({ connection, namespace, taskQueue: config.taskQueue });
    try {
      await engine.namespaceId();
      queues = queuesFinding(await unservedOf(engine));
      return `the server at ${connection.address ?? 'its address'}, namespace ${namespace}`;
    } finally {
      await engine.close();
    }
  });
  return [server, ...queues];
}

/** Whether clocks agree well enough for times to be evidence. */
export function checkClock(clocks: readonly ComparedClock[]): Check {
  const name = 'clock';
  if (clocks.length === 0) return good(name, 'nobody to compare it with');
  const said = clocks.map(({ name: other, skewMs }) => `${other} ${sayOf(skewMs)}`).join(', ');
  const wrong = clocks.some(({ skewMs }) => Math.abs(skewMs) > SKEW_MAX_MS);
  const fix = 'Let NTP set the clocks that differ: times of the timeline are evidence.';
  return wrong ? bad(name, said, fix) : good(name, said);
}

function sayOf(skewMs: number): string {
  const seconds = Math.abs(skewMs) / 1000;
  if (seconds < 1) return 'agrees';
  return `is ${seconds.toFixed(0)} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
}
