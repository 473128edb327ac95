import { z } from 'zod';
import { duplicate, invalid, missing } from './failure.ts';
import {
  done,
  int64,
  ok,
  pairList,
  required,
  route,
  setEntry,
  tagList,
  type Routes,
} from './message.ts';
import { pageOf, parseFilter, parseOrder, type Searchable } from './search.ts';

interface Version {
  readonly name: string;
  readonly number: number;
  readonly createdAt: number;
  updatedAt: number;
  readonly source: string;
  readonly runId: string;
  readonly description: string;
  readonly tags: Map<string, string>;
}

interface Model {
  readonly name: string;
  readonly createdAt: number;
  updatedAt: number;
  readonly description: string;
  readonly tags: Map<string, string>;
  readonly aliases: Map<string, string>;
  readonly versions: Map<string, Version>;
}

interface World {
  readonly models: Map<string, Model>;
  readonly now: () => Date;
  readonly hasRun: (runId: string) => boolean;
}

const VERSION_ATTRIBUTES: ReadonlySet<string> = new Set([
  'name',
  'version_number',
  'run_id',
  'source_path',
  'creation_timestamp',
  'last_updated_timestamp',
]);
const MODEL_PAGE_MAX = 1_000;
const VERSION_PAGE_MAX = 200_000;
const TAG_KEY_CHARACTERS_MAX = 250;
const TAG_VALUE_CHARACTERS_MAX = 100_000;

const named = z.object({ name: required });
const tagKey = z.string().min(1).max(TAG_KEY_CHARACTERS_MAX);
const tagValue = z.string().max(TAG_VALUE_CHARACTERS_MAX).default('');
const versioned = z.object({
  name: required,
  version: z.union([z.string(), z.int()]).transform(String),
});
const aliased = z.object({ name: required, alias: required.max(255) });

function modelNamed(world: World, name: string): Model {
  const model = world.models.get(name);
  if (!model) throw missing(`Registered Model with name=${name} not found`);
  return model;
}

function versionOf(world: World, asked: z.infer<typeof versioned>): Version {
  if (!/^[1-9]\d*$/.test(asked.version)) {
    throw invalid(`Parameter 'version' must be an integer, got '${asked.version}'.`);
  }
  const version = modelNamed(world, asked.name).versions.get(asked.version);
  if (version) return version;
  throw missing(`Model Version (name=${asked.name}, version=${asked.version}) not found`);
}

function versionBody(version: Version, aliases: readonly string[]): unknown {
  return {
    name: version.name,
    version: version.number.toString(),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    current_stage: 'None',
    description: version.description,
    source: version.source,
    run_id: version.runId,
    status: 'READY',
    tags: pairList(version.tags),
    run_link: '',
    aliases: aliases.length === 0 ? undefined : aliases,
  };
}

function fullVersion(world: World, version: Version): unknown {
  const { aliases } = modelNamed(world, version.name);
  const number = version.number.toString();
  const mine = [...aliases].filter(([, target]) => target === number).map(([alias]) => alias);
  return versionBody(version, mine);
}

function modelBody(model: Model): unknown {
  const list = [...model.aliases].map(([alias, version]) => ({ alias, version }));
  const latest = [...model.versions.values()].at(-1);
  return {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    description: model.description === '' ? undefined : model.description,
    // One for each stage that has a version; here they all have none.
    latest_versions: latest === undefined ? undefined : [versionBody(latest, [])],
    tags: pairList(model.tags),
    aliases: list.length > 0 ? list : undefined,
  };
}

function modelRoutes(world: World): Routes {
  const creation = named.extend({ tags: tagList, description: z.string().default('') });
  const search = z.object({
    filter: z.string().optional(),
    max_results: int64.min(1).max(MODEL_PAGE_MAX).default(100),
    page_token: z.string().optional(),
  });
  return {
    'POST registered-models/create': route(creation, (message) => {
      const { name, description } = message;
      if (world.models.has(name)) {
        throw duplicate(`Registered Model (name=${name}) already exists.`);
      }
      const at = world.now().getTime();
      const model: Model = {
        name,
        description,
        createdAt: at,
        updatedAt: at,
        tags: new Map(message.tags.map((tag) => [tag.key, tag.value])),
        aliases: new Map(),
        versions: new Map(),
      };
      world.models.set(name, model);
      return done(true, { registered_model: modelBody(model) });
    }),
    'GET registered-models/get': route(named, ({ name }) =>
      ok({ registered_model: modelBody(modelNamed(world, name)) }),
    ),
    'GET registered-models/search': route(search, (message) => {
      const holds = parseFilter(message.filter, new Set(['name']));
      const found = [...world.models.values()]
        .filter((model) =>
          holds((key) => (key === 'name' ? model.name : model.tags.get(key.slice('tags.'.length)))),
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = pageOf(found, { size: message.max_results, token: message.page_token });
      return ok({
        registered_models: page.items.length === 0 ? undefined : page.items.map(modelBody),
        next_page_token: page.next,
      });
    }),
    'DELETE registered-models/delete': route(named, ({ name }) => {
      modelNamed(world, name);
      return done(world.models.delete(name));
    }),
    'POST registered-models/set-tag': route(named.extend({ key: tagKey, value: tagValue }), (m) =>
      done(setEntry(modelNamed(world, m.name).tags, m.key, m.value)),
    ),
    'DELETE registered-models/delete-tag': route(named.extend({ key: tagKey }), (message) =>
      done(modelNamed(world, message.name).tags.delete(message.key)),
    ),
  };
}

function aliasRoutes(world: World): Routes {
  return {
    'POST registered-models/alias': route(
      aliased.extend({ version: z.union([z.string(), z.int()]).transform(String) }),
      (message) => {
        const { name, alias, version } = message;
        if (!/^[\w-]+$/.test(alias) || /^latest$/i.test(alias) || /^v\d+$/i.test(alias)) {
          throw invalid(`Invalid alias name: '${alias}'.`);
        }
        versionOf(world, { name, version });
        return done(setEntry(modelNamed(world, name).aliases, alias, version));
      },
    ),
    'DELETE registered-models/alias': route(aliased, ({ name, alias }) =>
      // Deleting what is not there is 200 as well.
      done(modelNamed(world, name).aliases.delete(alias)),
    ),
    'GET registered-models/alias': route(aliased, ({ name, alias }) => {
      const version = modelNamed(world, name).aliases.get(alias);
      if (version === undefined) throw invalid(`Registered model alias ${alias} not found.`);
      return ok({ model_version: fullVersion(world, versionOf(world, { name, version })) });
    }),
  };
}

function searchableVersion(version: Version): Searchable {
  const attributes: Readonly<Record<string, string | number>> = {
    name: version.name,
    version_number: version.number,
    run_id: version.runId,
    source_path: version.source,
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
  };
  return (key) =>
    key.startsWith('tags.') ? version.tags.get(key.slice('tags.'.length)) : attributes[key];
}

const versionCreation = named.extend({
  source: required,
  run_id: z.string().default(''),
  tags: tagList,
  description: z.string().default(''),
});

const versionSearch = z.object({
  filter: z.string().optional(),
  max_results: int64.min(1).max(VERSION_PAGE_MAX).default(10_000),
  order_by: z.array(z.string()).default([]),
  page_token: z.string().optional(),
});

const DEFAULT_ORDER = ['last_updated_timestamp DESC', 'name ASC', 'version_number DESC'];

/** Files behind the artefact proxy belong to a run, which has to be named; nobody asks about files elsewhere. */
function checkSource(world: World, source: string, runId: string): void {
  if (!/^[a-z][a-z0-9+-]*:/i.test(source) || source.startsWith('file:')) {
    throw invalid(
      `Invalid model version source: '${source}'. To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.`,
    );
  }
  if (source.startsWith('mlflow-artifacts://')) {
    throw invalid(
      "'source' cannot use the 'mlflow-artifacts' scheme: the 'mlflow-artifacts' scheme addresses a host other than the tracking server's configured artifact host.",
    );
  }
  const ofRun = /^(?:mlflow-artifacts|runs):/.test(source);
  const own = world.hasRun(runId) && source.includes(`/${runId}/`) && !source.includes('/../');
  if (ofRun && !own) {
    throw invalid(
      `Invalid model version source: '${source}'. The run_id request parameter must identify the resource that contains the source.`,
    );
  }
}

function createVersion(world: World, message: z.infer<typeof versionCreation>): Version {
  checkSource(world, message.source, message.run_id);
  const model = modelNamed(world, message.name);
  const at = world.now().getTime();
  const version: Version = {
    name: model.name,
    number: model.versions.size + 1,
    createdAt: at,
    updatedAt: at,
    source: message.source,
    runId: message.run_id,
    description: message.description,
    tags: new Map(message.tags.map((tag) => [tag.key, tag.value])),
  };
  model.versions.set(version.number.toString(), version);
  model.updatedAt = at;
  return version;
}

function versionRoutes(world: World): Routes {
  return {
    'POST model-versions/create': route(versionCreation, (message) => {
      const version = createVersion(world, message);
      return done(true, { model_version: fullVersion(world, version) });
    }),
    'GET model-versions/get': route(versioned, (asked) =>
      ok({ model_version: fullVersion(world, versionOf(world, asked)) }),
    ),
    'GET model-versions/get-download-uri': route(versioned, (asked) =>
      ok({ artifact_uri: versionOf(world, asked).source }),
    ),
    'GET model-versions/search': route(versionSearch, (message) => {
      const holds = parseFilter(message.filter, VERSION_ATTRIBUTES);
      const order = message.order_by.length === 0 ? DEFAULT_ORDER : message.order_by;
      const compare = parseOrder([...order, 'name ASC', 'version_number DESC'], VERSION_ATTRIBUTES);
      const found = [...world.models.values()]
        .flatMap((model) => [...model.versions.values()])
        .map((version) => ({ version, read: searchableVersion(version) }))
        .filter(({ read }) => holds(read))
        .sort((a, b) => compare(a.read, b.read));
      const page = pageOf(found, { size: message.max_results, token: message.page_token });
      return ok({
        // Searches of 3.x answer versions without their aliases.
        model_versions:
          page.items.length === 0
            ? undefined
            : page.items.map(({ version }) => versionBody(version, [])),
        next_page_token: page.next,
      });
    }),
    'POST model-versions/set-tag': route(
      versioned.extend({ key: tagKey, value: tagValue }),
      (message) => {
        const version = versionOf(world, message);
        const changed = setEntry(version.tags, message.key, message.value);
        if (changed) version.updatedAt = world.now().getTime();
        return done(changed);
      },
    ),
    'DELETE model-versions/delete-tag': route(versioned.extend({ key: tagKey }), (message) =>
      done(versionOf(world, message).tags.delete(message.key)),
    ),
  };
}

/** Registered models, versions, aliases and tags in memory. */
export function createRegistry(options: {
  readonly now: () => Date;
  readonly hasRun: (runId: string) => boolean;
}): Routes {
  const world: World = { models: new Map(), ...options };
  return { ...modelRoutes(world), ...aliasRoutes(world), ...versionRoutes(world) };
}
