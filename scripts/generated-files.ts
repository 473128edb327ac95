import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderClassTable } from '../app/class-table.ts';
import { configurationJsonSchema } from '../app/configuration-json-schema.ts';
import { renderConfigurationPage } from '../app/configuration-page.ts';
import { renderEnvExample } from '../app/environment-schema.ts';
import { connectorModules } from '../connectors/registry.ts';
import { playbookJsonSchema, SCHEMA_FILE } from '../playbooks/json-schema.ts';

/** A file that is derived from the code, with the text that it must have. */
export interface GeneratedFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

type Destroys = (typeof connectorModules)[number]['manifest']['actions'][string]['destroys'];

/** What is lost, and which way loses it. */
function destroyedCell(destroys: Destroys): string {
  if (destroys === 'nothing') return '–';
  const { what, on, when } = destroys;
  const way = on === undefined ? '' : on === 'undo' ? ', when it is taken back' : ', when applied';
  return cell(`${what}${when === undefined ? '' : ', where there are any'}${way}`);
}

function actionsTable(): string {
  const lines = connectorModules.flatMap(({ manifest }) => [
    `\n## ${manifest.title} (\`${manifest.name}\`)\n`,
    '| name | what | class | claim | undo | destroys |\n| --- | --- | --- | --- | --- | --- |',
    ...Object.entries(manifest.actions).map(([name, action]) => {
      const { title, approvalClass, claim, reversible, destroys } = action;
      const undo = reversible === true ? 'yes' : `no: ${cell(reversible.because)}`;
      return `| \`${manifest.name}.${name}\` | ${cell(title)} | ${approvalClass} | ${claim} | ${undo} | ${destroyedCell(destroys)} |`;
    }),
    ...Object.entries(manifest.probes).map(
      ([name, { title }]) =>
        `| \`${manifest.name}.${name}\` | ${cell(title)} | probe | – | – | – |`,
    ),
  ]);
  return [
    '# Actions and probes\n',
    'Derived from the connectors’ manifests by `npm run generate`; do not edit.',
    ...lines,
    '',
  ].join('\n');
}

/** A page of ours with the part between two marks derived from the code. */
function withPart(path: string, name: string, part: string): GeneratedFile {
  const [begin, end] = [`<!-- generated: ${name} -->`, '<!-- end -->'];
  const page = readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < from) throw new Error(`${path} has no marks of ${name}.`);
  const text = `${page.slice(0, from)}${begin}\n\n${part}\n\n${page.slice(to)}`;
  return { path, text };
}

/** Every generated file as it must be now. */
export function generatedFiles(): readonly GeneratedFile[] {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const schema = configurationJsonSchema(manifests);
  return [
    { path: '.env.example', text: renderEnvExample() },
    { path: join('playbooks', SCHEMA_FILE), text: playbookJsonSchema() },
    { path: join('docs', 'actions.md'), text: actionsTable() },
    { path: join('docs', 'firebreak.schema.json'), text: `${JSON.stringify(schema, null, 2)}\n` },
    withPart(join('docs', 'roles.md'), 'classes', renderClassTable()),
    { path: join('docs', 'configuration.md'), text: renderConfigurationPage(manifests) },
  ];
}
