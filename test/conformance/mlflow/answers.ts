import { z } from 'zod';

/** One request below `/api/2.0`, as anybody may send it. */
export interface Question {
  readonly title: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

const MODEL = 'answers';
const model = { name: MODEL };
const version = { name: MODEL, version: '1' };
const query = (fields: Readonly<Record<string, string>>): string =>
  new URLSearchParams(fields).toString();
const get = (title: string, path: string): Question => ({ title, method: 'GET', path });
const post = (title: string, path: string, body: unknown): Question => ({
  title,
  method: 'POST',
  path: `mlflow/${path}`,
  body,
});
const drop = (title: string, path: string, body: unknown): Question => ({
  title,
  method: 'DELETE',
  path: `mlflow/${path}`,
  body,
});
const models = 'registered-models';
const versions = 'model-versions';
const source = `mlflow-artifacts:/0/${MODEL}/artifacts/model`;

/** Asked one after the other of a fresh server; `${experiment}` and `${run}` are what it made. */
export const QUESTIONS: readonly Question[] = [
  post('create a model', `${models}/create`, { ...model, tags: [{ key: 'a', value: 'b' }] }),
  post('create it again', `${models}/create`, model),
  post('create one without a name', `${models}/create`, {}),
  get('read the model', `mlflow/${models}/get?${query(model)}`),
  get('read an unknown model', `mlflow/${models}/get?${query({ name: 'nobody' })}`),
  get('read a model without a name', `mlflow/${models}/get`),
  post('create an experiment', 'experiments/create', { name: 'answers' }),
  post('create it again', 'experiments/create', { name: 'answers' }),
  get(
    'read it by its name',
    `mlflow/experiments/get-by-name?${query({ experiment_name: 'answers' })}`,
  ),
  get('read an unknown experiment', 'mlflow/experiments/get?experiment_id=987654'),
  post('create a run', 'runs/create', { experiment_id: '${experiment}' }),
  post('create a run nowhere', 'runs/create', { experiment_id: '987654' }),
  post('log a batch', 'runs/log-batch', {
    run_id: '${run}',
    metrics: [{ key: 'auc', value: 0.9, timestamp: 1, step: 0 }],
    params: [{ key: 'p', value: 'one' }],
    tags: [{ key: 't', value: 'x' }],
  }),
  post('log another value of a parameter', 'runs/log-parameter', {
    run_id: '${run}',
    key: 'p',
    value: 'two',
  }),
  post('log an input', 'runs/log-inputs', {
    run_id: '${run}',
    datasets: [
      {
        tags: [{ key: 'mlflow.data.context', value: 'training' }],
        dataset: { name: 'd', digest: '1', source_type: 'local', source: 's' },
      },
    ],
  }),
  get('read the run', 'mlflow/runs/get?run_id=${run}'),
  get('read an unknown run', `mlflow/runs/get?run_id=${'0'.repeat(32)}`),
  post('end the run', 'runs/update', { run_id: '${run}', status: 'FINISHED', end_time: 2 }),
  {
    title: 'store a file',
    method: 'PUT',
    path: 'mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/model/a.bin',
    body: 'bytes',
  },
  get('list the files', 'mlflow-artifacts/artifacts?path=${experiment}/${run}/artifacts/model'),
  get('list nothing', 'mlflow-artifacts/artifacts?path=no/such/folder'),
  get('read a file', 'mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/model/a.bin'),
  get('read a missing file', 'mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/none'),
  get('read outside of the store', 'mlflow-artifacts/artifacts/..%2F..%2Fetc%2Fpasswd'),
  post('create a version', `${versions}/create`, {
    ...model,
    source: 'mlflow-artifacts:/${experiment}/${run}/artifacts/model',
    run_id: '${run}',
    tags: [{ key: 'sha256', value: '00' }],
  }),
  post('create a version of nothing', `${versions}/create`, { name: 'nobody', source }),
  post('create a version from a path', `${versions}/create`, { ...model, source: '/etc/passwd' }),
  post('create one from another host', `${versions}/create`, {
    ...model,
    source: 'mlflow-artifacts://elsewhere.example/0/model',
  }),
  post('create one from above its run', `${versions}/create`, {
    ...model,
    source: 'mlflow-artifacts:/${experiment}/${run}/../../secret',
    run_id: '${run}',
  }),
  post('create one from a run without naming it', `${versions}/create`, {
    ...model,
    source: 'runs:/${run}/model',
  }),
  get('read the version', `mlflow/${versions}/get?${query(version)}`),
  get('read an unknown version', `mlflow/${versions}/get?${query({ ...version, version: '99' })}`),
  get(
    'read a version that is no number',
    `mlflow/${versions}/get?${query({ ...version, version: 'x' })}`,
  ),
  get('where its files are', `mlflow/${versions}/get-download-uri?${query(version)}`),
  get('a missing alias', `mlflow/${models}/alias?${query({ ...model, alias: 'champion' })}`),
  get('an alias of nothing', `mlflow/${models}/alias?${query({ name: 'nobody', alias: 'a' })}`),
  post('set an alias', `${models}/alias`, { ...version, alias: 'champion' }),
  post('set an alias to nothing', `${models}/alias`, { ...version, version: '99', alias: 'c' }),
  post('set the alias latest', `${models}/alias`, { ...version, alias: 'latest' }),
  post('set an alias like a version', `${models}/alias`, { ...version, alias: 'v1' }),
  get('read the alias', `mlflow/${models}/alias?${query({ ...model, alias: 'champion' })}`),
  get('read the model with its alias', `mlflow/${models}/get?${query(model)}`),
  get('read the version with its alias', `mlflow/${versions}/get?${query(version)}`),
  get('search models', `mlflow/${models}/search?${query({ filter: `name = '${MODEL}'` })}`),
  get('search versions', `mlflow/${versions}/search?${query({ filter: `name = '${MODEL}'` })}`),
  get('search by a tag', `mlflow/${versions}/search?${query({ filter: "tags.sha256 = '00'" })}`),
  get('search nothing', `mlflow/${versions}/search?${query({ filter: "name = 'nobody'" })}`),
  get('search nonsense', `mlflow/${versions}/search?${query({ filter: 'what?' })}`),
  get('search too many', `mlflow/${versions}/search?max_results=9999999`),
  get('a page that is none', `mlflow/${versions}/search?page_token=nonsense`),
  post('tag a model', `${models}/set-tag`, { ...model, key: 'k', value: 'v' }),
  post('tag a version', `${versions}/set-tag`, { ...version, key: 'k', value: 'v' }),
  post('tag an unknown version', `${versions}/set-tag`, { ...version, version: '99', key: 'k' }),
  post('tag without a key', `${versions}/set-tag`, { ...version, value: 'v' }),
  drop('delete a tag', `${versions}/delete-tag`, { ...version, key: 'k' }),
  drop('delete a missing tag', `${versions}/delete-tag`, { ...version, key: 'k' }),
  drop("delete a model's tag", `${models}/delete-tag`, { ...model, key: 'k' }),
  drop('delete an alias', `${models}/alias`, { ...model, alias: 'champion' }),
  drop('delete a missing alias', `${models}/alias`, { ...model, alias: 'champion' }),
  post('rename the experiment', 'experiments/update', {
    experiment_id: '${experiment}',
    new_name: 'answers-2',
  }),
  post('delete the experiment', 'experiments/delete', { experiment_id: '${experiment}' }),
  post('create one of its name', 'experiments/create', { name: 'answers-2' }),
  drop('delete the model', `${models}/delete`, model),
  drop('delete it again', `${models}/delete`, model),
  get('an unknown route', 'mlflow/no/such/route'),
];

/** What one server answered. */
export interface Answer {
  readonly title: string;
  readonly status: number;
  /** `error_code` of a refusal. */
  readonly code: string | null;
  /** The names and kinds of everything in a JSON answer; the kind of any other. */
  readonly shape: string;
}

const experimentReply = z.object({ experiment_id: z.string() });
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });
const refusalReply = z.object({ error_code: z.string() });

/** Names that only tell of the machine or grow with each release: nobody reads them. */
const UNREAD = new Set(['user_id', 'run_name', 'artifact_location', 'outputs', 'workspace']);

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map(shapeOf))].sort().join('|')}]`;
  if (typeof value !== 'object' || value === null) return typeof value;
  const fields = Object.entries(value)
    .filter(([name]) => !UNREAD.has(name))
    .map(([name, field]: [string, unknown]) => `${name}:${shapeOf(field)}`);
  return `{${fields.sort().join(',')}}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answerOf(title: string, status: number, text: string): Answer {
  const reply = parsed(text);
  const code = refusalReply.safeParse(reply).data?.error_code ?? null;
  if (code !== null) return { title, status, code, shape: 'refusal' };
  const kind = text === '' ? 'nothing' : 'something';
  return { title, status, code, shape: reply === undefined ? `text of ${kind}` : shapeOf(reply) };
}

/** What a question says, with the ids of what the server made so far. */
function requestOf(
  { method, body }: Question,
  filled: (text: string) => string,
): Pick<RequestInit, 'method' | 'headers' | 'body'> {
  if (body === undefined) return { method };
  const plain = typeof body === 'string';
  return {
    method,
    headers: { 'content-type': plain ? 'text/plain' : 'application/json' },
    body: filled(plain ? body : JSON.stringify(body)),
  };
}

/** Asks a server everything, in order. */
export async function answersOf(url: string): Promise<readonly Answer[]> {
  const made = { experiment: '', run: '' };
  const filled = (text: string): string =>
    text.replaceAll('${experiment}', made.experiment).replaceAll('${run}', made.run);
  const answers: Answer[] = [];
  for (const question of QUESTIONS) {
    const address = `${url}/api/2.0/${filled(question.path)}`;
    const response = await fetch(address, requestOf(question, filled));
    const text = await response.text();
    made.experiment ||= experimentReply.safeParse(parsed(text)).data?.experiment_id ?? '';
    made.run ||= runReply.safeParse(parsed(text)).data?.run.info.run_id ?? '';
    answers.push(answerOf(question.title, response.status, text));
  }
  return answers;
}
