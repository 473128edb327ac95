import { AppError } from '../domain/error.ts';
import { migrate } from '../store/migrate.ts';
import { readConfig } from './config.ts';
import { environmentWithFile } from './environment.ts';

/**
 * Brings the database that DATABASE_URL names to this version and answers the migrations that were applied. Raises
 * `invalid` when it names none (the embedded database is migrated at each start), and what `migrate` raises.
 */
export async function migrateDatabase(): Promise<{ readonly applied: readonly string[] }> {
  const { databaseUrl } = readConfig({ environment: environmentWithFile() });
  if (databaseUrl === null) {
    throw new AppError(
      'invalid',
      'DATABASE_URL is not set; the embedded database needs no migrate.',
      {
        field: 'DATABASE_URL',
      },
    );
  }
  return migrate(databaseUrl);
}
