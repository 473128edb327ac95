import { AppError } from '../domain/error.ts';
import { renderTable } from '../render/terminal.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

/** `firebreak config print --redacted`: every setting, its value and where it came from; never a secret. */
export function registerConfig({ program, run }: Registrar): void {
  run(
    program
      .command('config')
      .description('settings')
      .command('print')
      .description('print every setting and where its value came from')
      .option('--redacted', 'leave secrets out; there is no way to print them'),
    async (session, args) => {
      if (args.options['redacted'] !== true) {
        throw new AppError('invalid', 'Secrets are never printed: add --redacted.', {
          field: 'redacted',
        });
      }
      const { environmentWithFile, readConfig } = await import('../app/config.ts');
      const { shown } = readConfig({ environment: environmentWithFile() });
      session.result({ settings: shown }, () => {
        const rows = shown.map(({ name, value, source }) => [name, value ?? '(off)', source]);
        return renderTable(['setting', 'value', 'from'], rows, session.terminal);
      });
      return EXIT.ok;
    },
  );
}
