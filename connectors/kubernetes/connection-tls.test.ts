// Goal: a cluster behind TLS is trusted by the authority that a configuration names, and a client certificate lets in,
// also after it was renewed. Method: a TLS front before the twin, with certificates that the lab issues.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { JsonObject } from '../../domain/json.ts';
import {
  createAuthority,
  issueCertificate,
  type Authority,
} from '../../lab/kubernetes/certificate.ts';
import { kubeconfigText } from '../../lab/kubernetes/kubeconfig-sample.ts';
import { startTlsFront, type TlsFront } from '../../lab/kubernetes/tls-front.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Connector, Health } from '../connector.ts';
import { create } from './index.ts';

const TOKEN = 'canary-token-5811';
const FINE = { reachable: true, missing: [], problem: null };

let twin: KubernetesTwin;
let front: TlsFront;
let authority: Authority;
let folder: string;
const open: Connector[] = [];

beforeEach(async () => {
  twin = await createKubernetesTwin({ tokens: { [TOKEN]: 'alice' } });
  authority = createAuthority('lab authority');
  const tokens = { alice: TOKEN, 'alice-renewed': TOKEN };
  front = await startTlsFront({ twinUrl: twin.url, authority, tokens });
  folder = await mkdtemp(join(tmpdir(), 'firebreak-tls-'));
  await write('ca.pem', authority.cert);
});

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close();
  await front.close();
  await twin.close();
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

async function connect(user: JsonObject, cluster: JsonObject): Promise<Connector> {
  const text = kubeconfigText({ server: front.url, user, cluster });
  const connector = create({ kubeconfig: await write('config', text) });
  open.push(connector);
  return connector;
}

function health(connector: Connector): Promise<Health> {
  return connector.health(AbortSignal.timeout(20_000));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

const FILES = { 'client-certificate': 'me.pem', 'client-key': 'me.key' };
const AUTHORITY = { 'certificate-authority': 'ca.pem' };

async function issueFiles(commonName: string): Promise<void> {
  const { cert, key } = issueCertificate(authority, commonName);
  await write('me.pem', cert);
  await write('me.key', key);
}

test('a token over TLS: server with its authority file, and a kubeconfig', async () => {
  const caFile = join(folder, 'ca.pem');
  const connector = create({ server: front.url, token: TOKEN, caFile });
  open.push(connector);
  expect(await health(connector)).toMatchObject(FINE);
  const ofFile = await connect({ token: TOKEN }, AUTHORITY);
  expect(await health(ofFile)).toMatchObject(FINE);
  expect(new Set(front.clients)).toEqual(new Set(['']));
});

test('a server whose authority is not named is not spoken to, unless the file says so', async () => {
  const wary = await health(await connect({ token: TOKEN }, {}));
  expect(wary.reachable).toBe(false);
  expect(front.clients).toEqual([]);
  const careless = await connect({ token: TOKEN }, { 'insecure-skip-tls-verify': true });
  expect(await health(careless)).toMatchObject(FINE);
});

test('a client certificate in files lets in, and a renewed one is used without a restart', async () => {
  await issueFiles('alice');
  const connector = await connect(FILES, AUTHORITY);
  expect(await health(connector)).toMatchObject(FINE);
  expect(new Set(front.clients)).toEqual(new Set(['alice']));
  const before = front.clients.length;
  await issueFiles('alice-renewed');
  expect(await health(connector)).toMatchObject(FINE);
  expect(new Set(front.clients.slice(before))).toEqual(new Set(['alice-renewed']));
});

test('certificates within the kubeconfig', async () => {
  const { cert, key } = issueCertificate(authority, 'alice');
  const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
  const cluster = { 'certificate-authority-data': base64(authority.cert) };
  expect(await health(await connect(user, cluster))).toMatchObject(FINE);
});

test('a client certificate of another authority does not let in', async () => {
  const { cert, key } = issueCertificate(createAuthority('another authority'), 'alice');
  await write('me.pem', cert);
  await write('me.key', key);
  const answer = await health(await connect(FILES, AUTHORITY));
  expect(answer).toMatchObject({ reachable: true, missing: ['a valid credential'] });
});

test('a certificate file that is gone is told without a stack of paths', async () => {
  const answer = await health(await connect(FILES, AUTHORITY));
  expect(answer.problem).toBe('The credential of the kubeconfig cannot be had.');
});

test('a credential command may answer with a client certificate', async () => {
  const { cert, key } = issueCertificate(authority, 'alice');
  const status = { clientCertificateData: cert, clientKeyData: key };
  await write('answer.json', JSON.stringify({ kind: 'ExecCredential', status }));
  const script = "process.stdout.write(require('node:fs').readFileSync(process.argv[1], 'utf8'))";
  const args = ['-e', script, join(folder, 'answer.json')];
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args };
  expect(await health(await connect({ exec }, AUTHORITY))).toMatchObject(FINE);
  expect(new Set(front.clients)).toEqual(new Set(['alice']));
});
