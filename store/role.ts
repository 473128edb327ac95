/** The database roles: the owner changes tables, the other two run the program with least rights. */
export const STORE_ROLES = {
  owner: 'firebreak_owner',
  api: 'firebreak_api',
  worker: 'firebreak_worker',
} as const;

/** One of `STORE_ROLES`. */
export type StoreRole = keyof typeof STORE_ROLES;
