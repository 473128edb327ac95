import { readFile } from 'node:fs/promises';
import { blastRadius } from '../domain/blast-radius.ts';
import { AppError } from '../domain/error.ts';
import { renderTable } from '../render/terminal.ts';
import { argument } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

const EVENTS_MAX = 100_000;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The events of a file: one JSON event, a list of them, or JSON Lines. Raises `invalid` naming the line. */
function eventsOf(text: string): readonly string[] {
  if (isJson(text)) {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map((one) => JSON.stringify(one)) : [text];
  }
  const lines = text.split('\n').map((line) => line.trim());
  const broken = lines.findIndex((line) => line !== '' && !isJson(line));
  if (broken >= 0) {
    const place = `line ${(broken + 1).toString()}`;
    throw new AppError('invalid', `${place} is no JSON event.`, { field: place });
  }
  return lines.filter((line) => line !== '');
}

function addImport(registrar: Registrar, lineage: ReturnType<Registrar['program']['command']>) {
  registrar.run(
    lineage
      .command('import')
      .description('send OpenLineage events from a file: JSON, a list, or JSON Lines')
      .argument('<file>'),
    async (session, args) => {
      const file = argument(args, 0, 'file');
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new AppError('not_found', `The file ${file} cannot be read.`, { cause });
      });
      const events = eventsOf(text);
      if (events.length > EVENTS_MAX) throw new AppError('too_large', 'Too many events at once.');
      const client = await session.client();
      const total = { events: 0, nodes: 0, edges: 0 };
      for (const body of events) {
        const stated = await client.sendLineage(body);
        total.events += 1;
        total.nodes += stated.nodes;
        total.edges += stated.edges;
        if (total.events % 1_000 === 0) session.progress(`${total.events.toString()} events sent`);
      }
      session.result(
        total,
        () =>
          `${total.events.toString()} events: ${total.nodes.toString()} nodes and ` +
          `${total.edges.toString()} edges stated.`,
      );
      return EXIT.ok;
    },
  );
}

/** `firebreak lineage import|blast-radius`. */
export function registerLineage(registrar: Registrar): void {
  const lineage = registrar.program.command('lineage').description('what was made from what');
  addImport(registrar, lineage);
  registrar.run(
    lineage
      .command('blast-radius')
      .description('everything that a suspect reaches, and what is unknown')
      .argument('<node>', 'e.g. dataset:warehouse/transactions@2026-11-20'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const node = argument(args, 0, 'node');
      const graph = await client.call(api.lineage.walk, { querystring: { node } });
      const radius = blastRadius(graph, node);
      session.result(radius, () => {
        const rows = radius.affected.map(({ kind, name, version, path }) => [
          kind,
          name,
          version ?? '',
          path.join(' → '),
        ]);
        const table = renderTable(['kind', 'name', 'version', 'path'], rows, session.terminal);
        const notes = [
          radius.unknown.length === 0
            ? null
            : `${radius.unknown.length.toString()} nodes have unknown ancestry: not clean.`,
          radius.truncated ? 'The walk was cut: what lies beyond is unknown.' : null,
        ].filter((line) => line !== null);
        return [rows.length === 0 ? 'Nothing known is reached.' : table, ...notes].join('\n');
      });
      return EXIT.ok;
    },
  );
}
