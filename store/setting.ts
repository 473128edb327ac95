import { z } from 'zod';
import type { Json } from '../domain/json.ts';
import { document } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { SettingTable } from './tables.ts';

const GET = { name: 'setting-get', text: `select value from firebreak.setting where name = $1` };

const PUT = {
  name: 'setting-put',
  text: `insert into firebreak.setting (name, value) values ($1, $2)
    on conflict (name) do update set value = excluded.value`,
};

const PUT_IF_ABSENT = {
  name: 'setting-put-if-absent',
  text: `insert into firebreak.setting (name, value) values ($1, $2) on conflict do nothing`,
};

const valueRow = z.object({ value: document<Json>() });

async function get(connection: Connection, name: string): Promise<Json> {
  return (await firstRow(connection.rows(GET, [name], valueRow)))?.value ?? null;
}

/** Settings over a connection; one that was never written is null. */
export function createSettingTable(connection: Connection): SettingTable {
  return {
    get: (name) => get(connection, name),
    put: async (name, value) => {
      await connection.write(PUT, [name, JSON.stringify(value)]);
    },
    putIfAbsent: async (name, value) => {
      await connection.write(PUT_IF_ABSENT, [name, JSON.stringify(value)]);
      return get(connection, name);
    },
  };
}
