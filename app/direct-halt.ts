import { userInfo } from 'node:os';
import { AppError } from '../domain/error.ts';
import type { Halt, HaltSubject } from '../domain/halt.ts';
import { createStore } from '../store/database.ts';
import { readConfig } from './config.ts';
import { environmentWithFile } from './environment.ts';
import { newId } from './new-id.ts';
import { haltFilePath } from './halt-file.ts';

/**
 * Halts past API and Temporal: writes the row straight into the database that DATABASE_URL names, under the login of
 * whoever runs the command. Raises `invalid` when it names none, and what the store raises.
 */
export async function haltDirectly(
  halt: HaltSubject & { readonly reason: string },
): Promise<{ readonly halt: Halt; readonly created: boolean }> {
  const config = readConfig({ environment: environmentWithFile() });
  const { databaseUrl } = config;
  if (databaseUrl === null) {
    const path = haltFilePath(config);
    throw new AppError(
      'invalid',
      `DATABASE_URL is not set: stop an installation on its embedded database with a file, echo WHY > ${path}`,
      { field: 'DATABASE_URL' },
    );
  }
  const store = await createStore({ databaseUrl, role: 'api', poolSize: 1 });
  try {
    return await store.halts.begin({
      ...halt,
      id: newId('halt'),
      haltedBy: userInfo().username,
      channel: 'direct',
      haltedAt: new Date().toISOString(),
    });
  } finally {
    await store.close();
  }
}
