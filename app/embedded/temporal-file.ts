import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  pid: z.number().int(),
  startedAt: z.string(),
  port: z.number().int().positive(),
  uiPort: z.number().int().positive().nullable(),
  file: z.string(),
  cliVersion: z.string(),
});

/** The server last started on a data folder; all of it must match before the server is adopted. */
export type TemporalRecord = z.infer<typeof recordSchema>;

/** The parts of a SQLite database in WAL mode. */
const SUFFIXES = ['', '-wal', '-shm'] as const;

function recordPath(dataDir: string): string {
  return join(dataDir, 'temporal.json');
}

/** The record of a data folder, null when there is none or it can't be read. */
export function readTemporalRecord(dataDir: string): TemporalRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordPath(dataDir), 'utf8')));
  } catch {
    return null;
  }
}

/** Replaces the record of a data folder in one step. */
export function writeTemporalRecord(dataDir: string, record: TemporalRecord): void {
  const draft = `${recordPath(dataDir)}.draft`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  renameSync(draft, recordPath(dataDir));
}

function stamp(): string {
  return new Date().toISOString().replaceAll(/[:.]/g, '-');
}

function eachPart(file: string, folder: string, act: (from: string, to: string) => void): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const suffix of SUFFIXES) {
    const from = `${file}${suffix}`;
    if (existsSync(from)) act(from, join(folder, `${basename(file)}${suffix}`));
  }
  return folder;
}

/** Copies the database of a stopped server; returns the folder of the copy. */
export function copyTemporalFile(file: string, label: string): string {
  return eachPart(file, `${file}.copy-${label}-${stamp()}`, copyFileSync);
}

/** Moves the database of a stopped server out of the way; returns the folder that now holds it. */
export function setTemporalFileAside(file: string): string {
  return eachPart(file, `${file}.set-aside-${stamp()}`, renameSync);
}

/** Puts a database that was set aside back, after a fresh one did no better; the fresh one is kept beside it. */
export function putTemporalFileBack(file: string, folder: string): void {
  setTemporalFileAside(file);
  for (const suffix of SUFFIXES) {
    const from = join(folder, `${basename(file)}${suffix}`);
    if (existsSync(from)) renameSync(from, `${file}${suffix}`);
  }
}
