import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect } from '@jest/globals';
import type { CallContext, Connector, ConnectorModule } from '../../connectors/connector.ts';
import { callContext, failureOf as failing } from '../../connectors/test-connector.ts';
import type { AppError, ErrorCode } from '../../domain/error.ts';
import type { Verdict } from '../../domain/plan.ts';
import type { LedgerEntry, Twin, TwinReply } from '../../lab/twin.ts';
import type { ActionCase, ContractFixture, ContractWorld, ProbeCase } from './fixture.ts';

/** What one property is tried on. */
export interface Subject {
  readonly module: ConnectorModule;
  readonly fixture: ContractFixture;
  /** Key of the action or probe. */
  readonly name: string;
}

/** A property that every connector must have. */
export interface Property {
  readonly name: string;
  readonly run: (subject: Subject) => Promise<void>;
}

/** A fresh world with a connector that looks at it. */
export interface Bench {
  readonly world: ContractWorld;
  readonly connector: Connector;
  /** Another connector on the same world: what a process finds that was started after a kill. */
  restart(): Promise<Connector>;
}

/** The context of a call, which ends in any case; parts of it may be replaced. */
export function contextOf(given: Partial<CallContext> = {}): CallContext {
  return callContext({ signal: AbortSignal.timeout(30_000), ...given });
}

/** Opens a fresh world, works in it, and closes everything also on failure. */
export async function inWorld(
  subject: Subject,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const world = await subject.fixture.start();
  const connectors: Connector[] = [];
  const open = async (): Promise<Connector> => {
    const connector = (await subject.module.load()).create(world.config);
    connectors.push(connector);
    return connector;
  };
  try {
    await work({ world, connector: await open(), restart: open });
  } finally {
    for (const connector of connectors) await connector.close();
    await world.stop();
  }
}

/** The action's case in this world. */
export function actionCase(world: ContractWorld, name: string): ActionCase {
  const found = world.actions.find((one) => one.action === name);
  if (!found) throw new Error(`The fixture has no case for action ${name}.`);
  return found;
}

/** The probe's case in this world. */
export function probeCase(world: ContractWorld, name: string): ProbeCase {
  const found = world.probes.find((one) => one.probe === name);
  if (!found) throw new Error(`The fixture has no case for probe ${name}.`);
  return found;
}

/** The error of work that must fail: an AppError that shows no credential. */
export async function failureOf(world: ContractWorld, work: Promise<unknown>): Promise<AppError> {
  const error = await failing(work);
  expectNoSecret(world, error);
  return error;
}

/** Fails unless work fails with one of these codes. */
export async function expectFailure(
  world: ContractWorld,
  work: Promise<unknown>,
  codes: readonly ErrorCode[],
): Promise<AppError> {
  const error = await failureOf(world, work);
  expect(codes).toContain(error.code);
  return error;
}

/** Fails when a value, all that hangs on it included, shows the world's credential. */
export function expectNoSecret(world: ContractWorld, value: unknown): void {
  const shown = inspect(value, { depth: 12, maxStringLength: null, maxArrayLength: null });
  expect(shown).not.toContain(world.canary);
  expect(shown).not.toContain(Buffer.from(world.canary).toString('base64'));
}

/** Entries of the ledger since a place in it. */
export function since(twin: Twin, start: number): readonly LedgerEntry[] {
  return twin.ledger.slice(start);
}

/** Requests that changed the twin's world since a place in its ledger. */
export function changesSince(twin: Twin | null, start: number): number {
  return twin === null ? 0 : since(twin, start).filter((entry) => entry.changed).length;
}

/** Place in the ledger. */
export function placeIn(twin: Twin | null): number {
  return twin?.ledger.length ?? 0;
}

/** Looks of `verify` at a twin, whose controllers run before it answers. */
const TWIN_LOOKS_MAX = 3;
/** Looks at a real system, which needs time. */
const REAL_LOOKS_MAX = 200;
const LOOK_AGAIN_MS = 100;

/** Asks again while the world is still moving. */
export async function settledVerdict(
  world: ContractWorld,
  look: () => Promise<Verdict>,
): Promise<Verdict> {
  const looks = world.real === true ? REAL_LOOKS_MAX : TWIN_LOOKS_MAX;
  let verdict = await look();
  for (let count = 1; count < looks && verdict.holds === 'unknown'; count += 1) {
    await sleep(world.real === true ? LOOK_AGAIN_MS : 1);
    verdict = await look();
  }
  return verdict;
}

/** The twin when it speaks HTTP, so that its answers can be replaced; null otherwise. */
export function httpTwin(world: ContractWorld): Twin | null {
  return world.twin?.url.startsWith('http') === true ? world.twin : null;
}

/** A reply that no system sends on purpose. */
export interface Nonsense {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly type: string;
  /** How the body says that it is encoded; not at all by default. */
  readonly encoding?: string;
  readonly codes: readonly ErrorCode[];
}

/** The reply that says it. */
export function replyOf({ type, encoding, body }: Nonsense): TwinReply {
  const encoded = encoding === undefined ? {} : { 'content-encoding': encoding };
  return { status: 200, headers: { 'content-type': type, ...encoded }, body };
}

const LARGE_BYTES = 100 * 1024 * 1024;

/** Answers with status 200 that must never be read as success. */
export const NONSENSE: readonly Nonsense[] = [
  {
    name: 'a page',
    body: '<!doctype html><title>Sign in</title>',
    type: 'text/html',
    codes: ['bad_reply'],
  },
  {
    name: 'another shape',
    body: '{"unexpected":true}',
    type: 'application/json',
    codes: ['bad_reply'],
  },
  { name: 'a list', body: '[[]]', type: 'application/json', codes: ['bad_reply'] },
  { name: 'null', body: 'null', type: 'application/json', codes: ['bad_reply'] },
  { name: 'nothing', body: '', type: 'application/json', codes: ['bad_reply'] },
  {
    name: 'half a document',
    body: '{"items":[{"metadata":',
    type: 'application/json',
    codes: ['bad_reply'],
  },
  {
    name: 'a hundred megabytes',
    body: Buffer.alloc(LARGE_BYTES, ' '),
    type: 'application/json',
    codes: ['too_large'],
  },
  {
    name: 'a hundred megabytes, packed',
    body: gzipSync(Buffer.alloc(LARGE_BYTES)),
    type: 'application/json',
    encoding: 'gzip',
    codes: ['too_large'],
  },
];
