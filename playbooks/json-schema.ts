import { z } from 'zod';
import { fileSchema } from './surface-schema.ts';

/** Where the schema is kept, beside the playbooks. */
export const SCHEMA_FILE = 'playbook.schema.json';

/** The JSON Schema (draft-07) of playbook files for editors, as the text of `playbook.schema.json`. */
export function playbookJsonSchema(): string {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-7', io: 'input', reused: 'ref' });
  const titled = { ...schema, title: 'Firebreak playbook' };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
