import { writeFile } from 'node:fs/promises';
import { visibleLines } from '../render/visible.ts';
import { argument, option } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

/** `firebreak postmortem`: Markdown, or data with `--json`. */
export function registerPostmortem({ program, run }: Registrar): void {
  run(
    program
      .command('postmortem')
      .description('print the postmortem of an incident as Markdown, or as data with --json')
      .argument('<incident>')
      .option('--output <file>', 'write the Markdown into a file'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const id = argument(args, 0, 'incident');
      const file = option(args, 'output');
      if (session.options.json) {
        const document = await client.call(api.incidents.postmortem, { params: { id } });
        session.result(document, () => '');
        return EXIT.ok;
      }
      const path = `/incidents/${encodeURIComponent(id)}/postmortem.md`;
      const text = Buffer.from(await client.bytes(path)).toString('utf8');
      if (file === undefined) {
        session.result(null, () => visibleLines(text).trimEnd());
        return EXIT.ok;
      }
      await writeFile(file, text, { mode: 0o600 });
      session.result({ file }, () => `Written to ${file}.`);
      return EXIT.ok;
    },
  );
}
