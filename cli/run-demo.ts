import { choice, numberOption, option } from './arguments.ts';
import type { Registrar } from './registrar.ts';

const PORT_MAX = 65_535;
/** Where a real Alertmanager finds the demo. */
const ALERTS_PORT = 7400;

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
      .option('--open <who>', 'who opens the incident: alert or slack (alert)')
      .option(
        '--approve <door>',
        'how people approve: api, cli, slack or page (api; slack with --open slack)',
      )
      .option(
        '--port <port>',
        `port of the API (a free one; ${ALERTS_PORT.toString()} with --alertmanager)`,
      )
      .option('--kubeconfig <file>', 'play on the real cluster of its current context')
      .option('--audit-log <file>', "that cluster's audit log, one event a line")
      .option('--mlflow <url>', 'play on this real MLflow')
      .option('--alertmanager <url>', 'let this real Alertmanager deliver the alert')
      .option('--alert-token-file <file>', 'the token that it sends (the demo makes one)'),
    async (session, args) => {
      const { runDemo } = await import('./demo.ts');
      const { addressOf, OPENERS } = await import('./demo-lab.ts');
      const { DEMO_DOORS } = await import('./demo-doors.ts');
      const address = (name: string): string | null => {
        const text = option(args, name);
        return text === undefined ? null : addressOf(name, text);
      };
      const openBy = choice(option(args, 'open') ?? 'alert', OPENERS, 'open');
      const alertmanager = address('alertmanager');
      const port = alertmanager === null ? 0 : ALERTS_PORT;
      return runDemo({
        scenario: option(args, 'scenario') ?? 'poisoned-data',
        exit: args.options['exit'] === true,
        openBy,
        approveBy: choice(
          option(args, 'approve') ?? (openBy === 'slack' ? 'slack' : 'api'),
          DEMO_DOORS,
          'approve',
        ),
        json: session.options.json,
        port: numberOption(args, 'port', { min: 0, max: PORT_MAX }) ?? port,
        real: {
          kubeconfig: option(args, 'kubeconfig') ?? null,
          auditLog: option(args, 'auditLog') ?? null,
          mlflow: address('mlflow'),
          alertmanager,
        },
        alertTokenFile: option(args, 'alertTokenFile') ?? null,
      });
    },
  );
}
