import type { Registrar } from './registrar.ts';

/** `firebreak sync`: a look at registries and clusters now, beside the schedule. */
export function registerSync({ program, run }: Registrar): void {
  run(
    program
      .command('sync')
      .description('look at registries and clusters now; nothing outside is changed'),
    async (session) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const outcome = await client.call(api.sync.round, {});
      session.result(outcome, () =>
        [
          `Looked at ${outcome.artifacts.toString()} artefacts; ${outcome.told.toString()} findings told.`,
          ...outcome.problems.map((problem) => `Not seen whole: ${problem}`),
        ].join('\n'),
      );
    },
  );
}
