import type { Manifest } from '../connectors/connector.ts';
import { configurationSchema } from '../domain/configuration-schema.ts';
import type { Configuration, InstanceConfiguration } from '../domain/configuration.ts';
import { drillInstances, isDrillEntry } from '../domain/drill.ts';
import { sharedIdentity } from '../domain/identity.ts';
import { NOTICES } from '../domain/stakeholder-update.ts';
import { canonicalJson } from '../evidence/digest.ts';
import { compileExpression } from '../expression/expression.ts';
import type { Scope } from '../expression/scope.ts';
import { problemOfExpression } from '../playbooks/expression-place.ts';
import { parseAt } from '../playbooks/schema-problems.ts';
import { suggestionFor } from '../playbooks/suggestion.ts';
import { readTextFile } from '../playbooks/text-file.ts';
import type { DocumentPath, FileProblem, YamlDocument } from '../playbooks/yaml-document.ts';
import { fileError, readYamlDocument } from '../playbooks/yaml-document.ts';
import { templateProblems } from '../render/update-template.ts';
import type { Environment } from './environment.ts';
import { resolveEnvironment } from './environment-reference.ts';
import { onCallProblems } from './on-call-references.ts';

/** What the configuration refers to. */
export interface ConfigurationReferences {
  readonly manifests: readonly Manifest[];
  /** Names of the loaded playbooks. */
  readonly playbooks: readonly string[];
  /** Where `{ env: NAME }` is looked up. */
  readonly environment: Environment;
}

interface Check {
  readonly document: YamlDocument;
  readonly references: ConfigurationReferences;
  readonly problems: FileProblem[];
}

function note(check: Check, path: DocumentPath, message: string): void {
  check.problems.push(check.document.problemAt(path, message));
}

function checkUnique(check: Check, path: DocumentPath, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) note(check, [...path, index], `'${name}' is given twice.`);
  }
}

function checkExpression(
  check: Check,
  path: DocumentPath,
  expression: { readonly source: string | null; readonly scope: Scope; readonly type: string },
): void {
  const { source, scope, type } = expression;
  if (source === null) return;
  try {
    const compiled = compileExpression(source, scope);
    const fits = compiled.type === type || compiled.type.startsWith(`${type}<`);
    if (compiled.type === 'dyn' || type === 'dyn' || fits) return;
    note(check, path, `CEL: this is ${compiled.type}, but ${type} is needed.`);
  } catch (error) {
    check.problems.push(problemOfExpression(check.document, path, error));
  }
}

function checkInstances(check: Check, { instances }: Configuration): void {
  checkUnique(
    check,
    ['instances'],
    instances.map(({ name }) => name),
  );
  const known = check.references.manifests.map(({ name }) => name);
  for (const [index, { connector, config }] of instances.entries()) {
    const path = ['instances', index];
    const manifest = check.references.manifests.find(({ name }) => name === connector);
    if (!manifest) {
      const message = `Unknown connector '${connector}'.${suggestionFor(connector, known)}`;
      note(check, [...path, 'connector'], message);
      continue;
    }
    const at = { document: check.document, path: [...path, 'config'] };
    const parsed = parseAt(manifest.config, config, at);
    if ('problems' in parsed) check.problems.push(...parsed.problems);
  }
}

/** What the expressions of a mapping give. */
const MAPPING_TYPES = {
  alerts: 'list',
  status: 'string',
  startsAt: 'string',
  endsAt: 'dyn',
  title: 'string',
  labels: 'map',
  annotations: 'map',
} as const;
const MAPPING_KEYS = [
  'alerts',
  'status',
  'startsAt',
  'endsAt',
  'title',
  'labels',
  'annotations',
] as const;

function checkSources(check: Check, { sources }: Configuration): void {
  checkUnique(
    check,
    ['sources'],
    sources.map(({ name }) => name),
  );
  for (const [index, { mapping }] of sources.entries()) {
    if (!mapping) continue;
    for (const key of MAPPING_KEYS) {
      const source = mapping[key];
      const type = MAPPING_TYPES[key];
      checkExpression(check, ['sources', index, 'mapping', key], {
        source,
        scope: 'mapping',
        type,
      });
    }
  }
}

function checkRoutes(check: Check, { routes, selectionRules }: Configuration): void {
  checkUnique(
    check,
    ['routes'],
    routes.map(({ name }) => name),
  );
  checkUnique(
    check,
    ['selectionRules'],
    selectionRules.map(({ name }) => name),
  );
  const { playbooks } = check.references;
  for (const [index, { when, suspect, playbook }] of routes.entries()) {
    const path = ['routes', index];
    checkExpression(check, [...path, 'when'], { source: when, scope: 'alert', type: 'bool' });
    checkExpression(check, [...path, 'suspect'], {
      source: suspect,
      scope: 'alert',
      type: 'string',
    });
    if (playbooks.includes(playbook)) continue;
    const message = `There is no playbook '${playbook}'.${suggestionFor(playbook, playbooks)}`;
    note(check, [...path, 'playbook'], message);
  }
  for (const [index, { when }] of selectionRules.entries()) {
    const path = ['selectionRules', index, 'when'];
    checkExpression(check, path, { source: when, scope: 'selection', type: 'bool' });
  }
}

/** Where an instance is: its address, or the context of a kubeconfig; null where the configuration does not tell. */
function placeOf({ connector, config }: InstanceConfiguration): string | null {
  const { url, server = url, kubeconfig, context } = config;
  if (typeof kubeconfig === 'string')
    return canonicalJson({ connector, kubeconfig, context: context ?? null });
  const address = typeof server === 'string' && URL.canParse(server) ? new URL(server).href : null;
  return address === null ? null : canonicalJson({ connector, address });
}

/** What is at the same place is the same system, whatever it is called. */
function checkSandboxes(check: Check, { instances }: Configuration): void {
  const real = instances.filter(({ drill }) => drill !== true);
  for (const [index, instance] of instances.entries()) {
    const place = placeOf(instance);
    if (instance.drill !== true || place === null) continue;
    const same = real.find((one) => placeOf(one) === place);
    if (!same) continue;
    note(
      check,
      ['instances', index, 'config'],
      `This is '${same.name}', which is real: no drill may reach it.`,
    );
  }
}

/** A drill without a sandbox reaches nothing, and an entry half in one is neither: both are mistakes, not drills. */
function checkDrills(check: Check, { instances, sources, routes, inventory }: Configuration): void {
  const drills = drillInstances(instances);
  const lonely = (part: 'sources' | 'routes', list: readonly { readonly drill?: boolean }[]) => {
    for (const [index, { drill }] of list.entries()) {
      if (drill !== true || drills.size > 0) continue;
      note(
        check,
        [part, index, 'drill'],
        'There is nothing to drill on: no instance has drill: true.',
      );
    }
  };
  lonely('sources', sources);
  lonely('routes', routes);
  const sides = inventory.map((entry) => isDrillEntry(entry, drills));
  for (const [index, { model, serving }] of inventory.entries()) {
    const path = ['inventory', index];
    const twin = inventory.findIndex(
      (one, at) => one.model === model && sides[at] === sides[index],
    );
    if (twin < index) note(check, path, `'${model}' is given twice.`);
    if (sides[index] === true || !serving.some(({ cluster }) => drills.has(cluster))) continue;
    const message = `'${model}' is served by a drill instance and by a real one: make two entries of it.`;
    note(check, [...path, 'serving'], message);
  }
}

function checkInventory(check: Check, { inventory, instances, people }: Configuration): void {
  checkUnique(
    check,
    ['people'],
    people.map(({ id }) => id),
  );
  const shared = sharedIdentity(people);
  if (shared !== null) {
    note(check, ['people', shared, 'identity'], 'Somebody above has this identity.');
  }
  const clusters = instances
    .filter(({ connector }) => connector === 'kubernetes')
    .map(({ name }) => name);
  for (const [index, { serving }] of inventory.entries()) {
    for (const [place, { cluster }] of serving.entries()) {
      if (clusters.includes(cluster)) continue;
      const message = `There is no Kubernetes instance '${cluster}'.${suggestionFor(cluster, clusters)}`;
      note(check, ['inventory', index, 'serving', place], message);
    }
  }
}

/** Words that cannot be filled are a mistake of the file, not of the night in which they are needed. */
function checkUpdates(check: Check, { updates }: Configuration): void {
  checkUnique(
    check,
    ['updates'],
    updates.map(({ name }) => name),
  );
  for (const [index, { templates }] of updates.entries()) {
    for (const notice of NOTICES) {
      const template = templates[notice];
      if (template === undefined) continue;
      for (const { part, message } of templateProblems(template)) {
        note(check, ['updates', index, 'templates', notice, part], message);
      }
    }
  }
}

/** A configuration beside the document that it came from, in which references are still references. */
export interface PlacedConfiguration {
  readonly configuration: Configuration;
  readonly document: YamlDocument;
}

/**
 * Reads a configuration: YAML, references to the environment, shape, then names and expressions. `file` names it in errors. Raises `invalid` with
 * `details.problems` (file, line, column, field, message each), `too_large` past 256 KiB.
 */
export function readConfiguration(
  text: string,
  file: string,
  references: ConfigurationReferences,
): Configuration {
  return configurationOf(readYamlDocument(text, file), references);
}

function configurationOf(raw: YamlDocument, references: ConfigurationReferences): Configuration {
  const resolved = resolveEnvironment(raw, references.environment);
  if (resolved.problems.length > 0) throw fileError(resolved.problems);
  const { document } = resolved;
  const parsed = parseAt(configurationSchema, document.value ?? {}, { document, path: [] });
  if ('problems' in parsed) throw fileError(parsed.problems);
  const check: Check = { document, references, problems: [] };
  checkInstances(check, parsed.data);
  checkSources(check, parsed.data);
  checkRoutes(check, parsed.data);
  checkInventory(check, parsed.data);
  checkDrills(check, parsed.data);
  checkUnique(
    check,
    ['onCall'],
    parsed.data.onCall.map(({ name }) => name),
  );
  for (const { path, message } of onCallProblems(parsed.data)) note(check, path, message);
  checkSandboxes(check, parsed.data);
  checkUpdates(check, parsed.data);
  if (check.problems.length > 0) throw fileError(check.problems);
  return parsed.data;
}

/**
 * Reads the configuration file at `path`. Raises what `readTextFile` and `readConfiguration` raise.
 */
export async function readConfigurationFile(
  path: string,
  references: ConfigurationReferences,
): Promise<Configuration> {
  return readConfiguration(await readTextFile(path), path, references);
}

/** As `readConfigurationFile`, with the place of everything in the file. */
export async function readPlacedConfiguration(
  path: string,
  references: ConfigurationReferences,
): Promise<PlacedConfiguration> {
  const document = readYamlDocument(await readTextFile(path), path);
  return { document, configuration: configurationOf(document, references) };
}
