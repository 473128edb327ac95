import type { Manifest } from '../connectors/connector.ts';
import { configurationJsonSchema, type JsonSchema } from './configuration-json-schema.ts';

/** One line of a table: a key of the file, from the root of its table. */
interface Row {
  readonly key: string;
  readonly type: string;
  readonly otherwise: string;
  readonly about: string;
}

/** The keys of HTTP access, told once for all connectors; where one means something else it is told there. */
const ACCESS = [
  'token',
  'tokenFile',
  'username',
  'password',
  'oauth2',
  'caFile',
  'certFile',
  'keyFile',
  'proxy',
];
const DEPTH_MAX = 6;
const REFERENCE = '#/definitions/reference';

const code = (value: unknown): string =>
  `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** The members of a choice without null and without references, which stand in the introduction. */
function membersOf(schema: JsonSchema): readonly JsonSchema[] {
  const members = schema.anyOf ?? schema.oneOf ?? [];
  return members
    .filter((member) => member.$ref !== REFERENCE && member.type !== 'null')
    .flatMap((member) => (member.anyOf || member.oneOf ? membersOf(member) : [member]));
}

/** The one schema behind a wrapper that only adds null or a reference. */
function inner(schema: JsonSchema): JsonSchema {
  const members = membersOf(schema);
  const [only] = members;
  return members.length === 1 && only !== undefined ? only : schema;
}

function rangeOf(schema: JsonSchema): string {
  const { minimum, maximum } = schema;
  if (typeof minimum !== 'number' || typeof maximum !== 'number') return '';
  return maximum >= Number.MAX_SAFE_INTEGER ? '' : ` (${minimum.toString()}–${maximum.toString()})`;
}

const PLAIN_TYPES: Readonly<Record<string, string>> = { object: 'map', boolean: 'true, false' };

function plainType(core: JsonSchema, isSecret: boolean): string {
  const { type } = core;
  if (type === 'integer' || type === 'number') return `number${rangeOf(core)}`;
  return PLAIN_TYPES[String(type)] ?? (isSecret ? 'secret' : 'text');
}

function typeOf(schema: JsonSchema): string {
  const core = inner(schema);
  if (core.enum !== undefined) return core.enum.map(code).join(', ');
  if (core.const !== undefined) return code(core.const);
  if (core.type === 'array') return `list of ${typeOf(core.items ?? {})}`;
  const [first] = membersOf(core);
  return first === undefined ? plainType(core, schema['writeOnly'] === true) : typeOf(first);
}

function otherwiseOf(schema: JsonSchema, required: boolean): string {
  if (required) return 'required';
  const { default: fallback } = schema;
  const isNothing = fallback === undefined || fallback === null || fallback === '';
  return isNothing || JSON.stringify(fallback) === '{}' ? '–' : code(fallback);
}

/** The objects below a value whose keys get rows of their own, each with what its rows begin with. */
function objectsBelow(key: string, schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const core = inner(schema);
  if (core.type === 'array' && core.items !== undefined)
    return objectsBelow(`${key}[]`, core.items);
  if (core.properties !== undefined) return [[key, core]];
  return membersOf(core)
    .filter((member) => member.properties !== undefined)
    .map((member) => [key, member]);
}

function rowsOf(schema: JsonSchema, prefix: string, depth = 0): readonly Row[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, property]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const row: Row = {
      key,
      type: typeOf(property),
      otherwise: otherwiseOf(property, required.includes(name)),
      about: property.description ?? inner(property).description ?? '',
    };
    const below = depth < DEPTH_MAX ? objectsBelow(key, property) : [];
    return [row, ...below.flatMap(([start, object]) => rowsOf(object, start, depth + 1))];
  });
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ key, type, otherwise, about }) =>
      `| ${code(key)} | ${cell(type)} | ${cell(otherwise)} | ${cell(about)} |`,
  );
  return ['| key | is | default | what |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function sectionOf(name: string, schema: JsonSchema): string {
  const objects = objectsBelow('', schema);
  const rows = objects.flatMap(([, object]) => rowsOf(object, ''));
  return `### \`${name}\`\n\n${schema.description ?? ''}\n\n${table(rows)}\n`;
}

/** Where the keys are told that a connector has in common with others; nothing where it speaks no HTTP. */
function accessOf(common: readonly Row[]): string {
  if (common.length === 0) return '';
  const way = '[how to be let in](#how-to-be-let-in)';
  const keys = ACCESS.filter((key) => common.some((row) => row.key.split('.')[0] === key));
  const which = keys.length === ACCESS.length ? '' : `${keys.map(code).join(', ')} of `;
  return `\nAnd ${which}${way}.\n`;
}

function connectorSection(manifest: Manifest, schema: JsonSchema, shared: readonly Row[]): string {
  const objects = objectsBelow('', schema).map(([, object]) => object);
  const speaksHttp = objects.some(({ properties = {} }) => 'oauth2' in properties);
  const isCommon = ({ key, about }: Row): boolean =>
    speaksHttp && shared.some((one) => one.key === key && one.about === about);
  const rows = objects.map((object) => rowsOf(object, ''));
  const tables = rows.map((some) => table(some.filter((row) => !isCommon(row))));
  const access = accessOf(rows.flat().filter(isCommon));
  const readme = `[What it needs and does](../connectors/${manifest.name}/README.md).`;
  return `### ${manifest.title} (\`${manifest.name}\`)\n\n${readme}\n\n${tables.join('\n\nor\n\n')}\n${access}`;
}

const INTRODUCTION = `# Configuration

Derived from the code by \`npm run generate\`; do not edit.

Firebreak is told two things. **Settings** say how this process runs: where its database is, which port it takes. They are variables, all in
[.env.example](../.env.example). **The configuration file** says what it looks after: your systems, who sends alerts, which model runs where,
which playbook answers, who may decide. This page is about the file.

Begin with a draft made from what you have (\`firebreak init\`, see [adopt.md](adopt.md)) or with [firebreak.example.yaml](firebreak.example.yaml). Name the file by \`--config\` or \`FIREBREAK_CONFIG\`. For completion in an editor put this line first:

\`\`\`yaml
# yaml-language-server: $schema=./docs/firebreak.schema.json
\`\`\`

- **A file is taken whole or not at all.** Unknown keys are refused. Each mistake is told with file, line, column and what was probably meant:
  \`firebreak config validate FILE\` lists them without starting anything.
- **Secrets do not have to stand in it.** Wherever a text is wanted, \`{ env: NAME }\` takes a variable (or the file that \`NAME_FILE\` names) and
  \`{ file: /whole/path }\` the content of a file.
- **\`firebreak config print --redacted\`** shows every value and where it came from: a line of the file, a variable, a default.
- **Reload without a restart**: \`firebreak config reload\`, or SIGHUP to the API's process. Sources, inventory, selection rules, routes, storm, caps and people
  change at once, for what comes in from then on; the ladder and who is on call (\`escalation\`, \`onCall\`) too, where the process is also the worker; an incident that is open keeps the playbook and targets it was opened with, a route that was lowered lowers it
  too, and who was taken out of the file loses all power at once. When anything else changed (\`instances\` for one) it is named as needing a restart, and
  nothing is changed. A file with a mistake changes nothing either.
- **Two people**: once a route left \`observe\`, everything of that but the sources is changed by [two people after a delay](safety.md#changing-the-rules).
  A worker's own file is read for its instances and channels only.
`;

const LET_IN = `## How to be let in

Every connector that speaks HTTP takes these keys in its \`config\`, one of \`token\`, \`tokenFile\`, \`username\` and \`oauth2\` at most. Files are read before each request,
so that a renewed token or certificate needs no restart; no credential gets into a log, a plan, an error or the timeline.
`;

/** The reference of the configuration file, as the text of `docs/configuration.md`. */
export function renderConfigurationPage(manifests: readonly Manifest[]): string {
  const schema = configurationJsonSchema(manifests);
  const { properties = {} } = schema;
  const lists = Object.entries(properties).filter(([, { type }]) => type === 'array');
  const sections = lists
    .filter(([, list]) => list.items?.properties !== undefined)
    .map(([name, list]) => sectionOf(name, list));
  const { definitions = {} } = schema;
  const schemaOf = (name: string): JsonSchema => definitions[name] ?? {};
  const shared = rowsOf(schemaOf('prometheus'), '').filter(({ key }) =>
    ACCESS.includes(key.split('.')[0] ?? ''),
  );
  const top = Object.entries(properties).map(([key, property]) => ({
    key,
    type: property.type === 'array' && property.items?.properties ? 'list' : typeOf(property),
    otherwise: otherwiseOf(property, false),
    about: property.description ?? '',
  }));
  return [
    INTRODUCTION,
    `## The file\n\n${table(top)}\n`,
    ...sections,
    `${LET_IN}\n${table(shared)}\n`,
    '## `config` of each connector\n',
    ...manifests.map((manifest) => connectorSection(manifest, schemaOf(manifest.name), shared)),
  ].join('\n');
}
