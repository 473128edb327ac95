import { numberOption, option } from './arguments.ts';
import type { Registrar } from './registrar.ts';

const PORT_MAX = 65_535;

/** `firebreak demo`: one real alert through all five steps on embedded everything. */
export function registerDemo({ program, run }: Registrar): void {
  run(
    program
      .command('demo')
      .description('send one real alert through all five steps, on embedded everything')
      .option('--exit', 'end after the run; two demo people approve through the API')
      .option(
        '--scenario <name>',
        'what happened: poisoned-data, model-drift or tampered-artifact (poisoned-data)',
      )
      .option('--port <port>', 'port of the API (a free one)'),
    async (session, args) => {
      const { runDemo } = await import('./demo.ts');
      return runDemo({
        scenario: option(args, 'scenario') ?? 'poisoned-data',
        exit: args.options['exit'] === true,
        json: session.options.json,
        port: numberOption(args, 'port', { min: 0, max: PORT_MAX }) ?? 0,
      });
    },
  );
}
