import { configurationSchema } from '../domain/configuration-schema.ts';
import type { InventoryEntry, ServingObject } from '../domain/inventory.ts';
import {
  entriesFromDeployments,
  type DiscoveredDeployment,
} from '../intake/inventory-annotations.ts';
import { serviceNamesOf, type Survey, type SurveyedModel } from './survey.ts';

/** An entry of the draft, with why it is there. */
export interface DraftEntry {
  readonly entry: InventoryEntry;
  /** One sentence for the person who checks it. */
  readonly because: string;
}

/** What a survey means, and what it leaves open. */
export interface Draft {
  readonly entries: readonly DraftEntry[];
  /** Models of the registry that nothing was found to serve. */
  readonly unserved: readonly SurveyedModel[];
  /** Deployments whose environment or annotations name a model that the registry does not know. */
  readonly unregistered: readonly string[];
  /** What was said of a model but is no entry, and why. */
  readonly unusable: readonly string[];
}

/** Aliases that mean production, the likeliest first. */
const PRODUCTION = ['champion', 'production', 'prod', 'live'];

function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** Words of a Deployment: its name, its containers, and the last part of their images without tag and digest. */
function wordsOfDeployment({ name, containers }: DiscoveredDeployment): ReadonlySet<string> {
  const images = containers.map(({ image }) => image.split('@')[0]?.split('/').at(-1) ?? '');
  const repositories = images.map((image) => image.split(':')[0] ?? '');
  return new Set([name, ...repositories].flatMap(wordsOf));
}

/** True when every word of the model's name is one of the Deployment's. */
function resembles(model: SurveyedModel, deployment: DiscoveredDeployment): boolean {
  const words = wordsOf(model.name);
  const known = wordsOfDeployment(deployment);
  return words.length > 0 && words.every((word) => known.has(word));
}

function aliasOf(model: SurveyedModel | undefined, said: string): string {
  const aliases = model?.aliases ?? [];
  if (aliases.includes(said)) return said;
  return PRODUCTION.find((alias) => aliases.includes(alias)) ?? aliases[0] ?? said;
}

/** With a canary among them the others are stable; an annotation has the last word. */
function withRoles(serving: readonly ServingObject[]): readonly ServingObject[] {
  const isCanary = ({ name }: ServingObject): boolean => /(^|-)canary(-|$)/.test(name);
  if (serving.length < 2 || !serving.some(isCanary)) return serving;
  return serving.map((object) =>
    object.role === 'only' ? { ...object, role: isCanary(object) ? 'canary' : 'stable' } : object,
  );
}

function serviceOf(entry: InventoryEntry, survey: Survey): string | null {
  if (entry.service !== null) return entry.service;
  const names = entry.serving.flatMap(({ namespace, name }) =>
    survey.deployments
      .filter((one) => one.namespace === namespace && one.name === name)
      .flatMap(serviceNamesOf),
  );
  return names.find((name) => survey.services.has(name)) ?? null;
}

function finished(entry: InventoryEntry, survey: Survey): InventoryEntry {
  const model = survey.models.find(({ name }) => name === entry.registryName);
  return {
    ...entry,
    alias: aliasOf(model, entry.alias),
    serving: withRoles(entry.serving),
    service: serviceOf(entry, survey),
    source: 'file',
  };
}

/** An entry by likeness of names alone. */
function guessOf(model: SurveyedModel, alike: readonly DiscoveredDeployment[]): InventoryEntry {
  return {
    model: model.name,
    registryName: model.name,
    alias: 'champion',
    serving: alike.map(({ cluster, namespace, name, containers }) => ({
      cluster,
      namespace,
      kind: 'Deployment',
      name,
      container: containers[0]?.name ?? name,
      role: 'only',
    })),
    service: null,
    load: 'baked-image',
    replicas: alike.reduce((sum, { replicas }) => sum + replicas, 0),
    pipeline: null,
    datasets: [],
    datasetPointer: null,
    owner: 'unknown',
    onIsolation: null,
    source: 'file',
    confidence: 'low',
  };
}

function placesOf(serving: readonly ServingObject[]): string {
  return serving.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
}

/** What annotations and environments say; an environment that names a model of the registry is more than a guess. */
function saidEntries(survey: Survey): readonly DraftEntry[] {
  const known = new Set(survey.models.map(({ name }) => name));
  return entriesFromDeployments(survey.deployments).entries.map((entry) => {
    const places = placesOf(entry.serving);
    if (entry.source === 'annotation') {
      return { entry, because: `Annotations of ${places} say so.` };
    }
    const registered = known.has(entry.registryName);
    const confidence = registered ? ('medium' as const) : ('low' as const);
    const where = registered ? 'and the registry knows it' : 'but the registry does not know it';
    const because = `The environment of ${places} names models:/${entry.registryName}, ${where}.`;
    return { entry: { ...entry, confidence }, because };
  });
}

/** Entries for models that nobody spoke of, from Deployments that nobody claimed, by their names. */
function guessedEntries(survey: Survey, said: readonly DraftEntry[]): readonly DraftEntry[] {
  const named = new Set(said.map(({ entry }) => entry.registryName));
  const taken = new Set(said.flatMap(({ entry }) => entry.serving.map((one) => placesOf([one]))));
  const free = survey.deployments.filter((one) => !taken.has(`${one.namespace}/${one.name}`));
  return survey.models
    .filter(({ name }) => !named.has(name))
    .flatMap((model): readonly DraftEntry[] => {
      const alike = free.filter((deployment) => resembles(model, deployment));
      if (alike.length === 0) return [];
      const entry = guessOf(model, alike);
      return [{ entry, because: `A guess by the names of ${placesOf(entry.serving)} alone.` }];
    });
}

/** Why an entry could not stand in a file; null when it can. */
function problemOf(entry: InventoryEntry): string | null {
  const parsed = configurationSchema.safeParse({ inventory: [entry] });
  const issue = parsed.error?.issues[0];
  return issue === undefined ? null : `${issue.path.slice(2).join('.')} ${issue.message}`;
}

/** Works out a draft inventory; pure. Nothing in it is surer than what was seen. */
export function draftOf(survey: Survey): Draft {
  const said = saidEntries(survey);
  const all = [...said, ...guessedEntries(survey, said)].map(({ entry, because }) => ({
    entry: finished(entry, survey),
    because,
  }));
  const entries = all.filter(({ entry }) => problemOf(entry) === null);
  const served = new Set(entries.map(({ entry }) => entry.registryName));
  const known = new Set(survey.models.map(({ name }) => name));
  return {
    entries,
    unserved: survey.models.filter(({ name }) => !served.has(name)),
    unregistered: entries
      .filter(({ entry }) => !known.has(entry.registryName))
      .map(({ entry }) => `${entry.registryName} (${placesOf(entry.serving)})`),
    unusable: all.flatMap(({ entry }) => {
      const problem = problemOf(entry);
      return problem === null ? [] : [`${entry.model} (${placesOf(entry.serving)}): ${problem}`];
    }),
  };
}
