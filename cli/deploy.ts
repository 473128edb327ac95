import { EXIT } from './failure.ts';
import { numberOption } from './arguments.ts';
import type { Registrar } from './registrar.ts';

const WAIT_SECONDS = 60;
const WAIT_SECONDS_MAX = 3_600;

/** `firebreak deploy`: makes this build current on the Temporal server that TEMPORAL_ADDRESS names. */
export function registerDeploy({ program, run }: Registrar): void {
  run(
    program
      .command('deploy')
      .description(
        'make this build current on the Temporal server that TEMPORAL_ADDRESS names, and take over open incidents',
      )
      .option(
        '--wait <seconds>',
        'how long a worker of this build may take to appear, by default 60',
      ),
    async (session, args) => {
      const { deploy } = await import('../app/deployment.ts');
      const limits = { min: 0, max: WAIT_SECONDS_MAX };
      const seconds = numberOption(args, 'wait', limits) ?? WAIT_SECONDS;
      session.progress('Waiting for a worker of this build …');
      const deployment = await deploy(seconds * 1000);
      session.result(deployment, () =>
        [
          `Build ${deployment.buildId} is current: new incidents start on it.`,
          `Open incidents taken over: ${deployment.adopted.toString()}. Workers of other builds may go.`,
        ].join('\n'),
      );
      return EXIT.ok;
    },
  );
}
