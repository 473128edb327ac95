import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

/** `firebreak migrate`: brings the database that DATABASE_URL names to this version. */
export function registerMigrate({ program, run }: Registrar): void {
  run(
    program
      .command('migrate')
      .description('bring the database that DATABASE_URL names to this version'),
    async (session) => {
      const { migrateDatabase } = await import('../app/migration.ts');
      session.progress('Waiting for the lock, then migrating …');
      const report = await migrateDatabase();
      session.result(report, () =>
        report.applied.length === 0
          ? 'The database is up to date.'
          : `Applied: ${report.applied.join(', ')}.`,
      );
      return EXIT.ok;
    },
  );
}
