import type { Logger } from 'pino';
import type { Store } from '../store/tables.ts';
import type { EngineClient } from './engine-client.ts';

/** UUID of the namespace that runs our incidents; and the same again while that server is our own. */
const NAMESPACE_SETTING = 'temporal-namespace-id';
const OWN_NAMESPACE_SETTING = 'temporal-namespace-id-own';

/** Tells whether the Temporal that answers is the one that runs our incidents: another one knows nothing of them. */
export interface OurNamespace {
  /** Looks again: by a wrong address, or a server that was replaced, everything holds. */
  look(): Promise<boolean>;
  /** The last answer when it was yes, else a look. */
  isOurs(): Promise<boolean>;
}

/**
 * The check for one connection. The first namespace ever seen is ours. An own server whose file was lost begins with
 * a new one, which takes its place: then every run is missing, and begins again from Postgres.
 */
export function createOurNamespace(deps: {
  readonly store: Pick<Store, 'settings'>;
  readonly engine: Pick<EngineClient, 'namespace' | 'namespaceId'>;
  /** True when the server is our own, on our data folder. */
  readonly isOwn: boolean;
  readonly log: Logger;
}): OurNamespace {
  const { store, engine, isOwn, log } = deps;
  const { settings } = store;
  let ours = false;
  const replaced = async (known: unknown, id: string): Promise<boolean> => {
    if (!isOwn || (await settings.get(OWN_NAMESPACE_SETTING)) !== known) return false;
    log.warn('Temporal begins anew: open incidents go on from Postgres');
    await settings.put(NAMESPACE_SETTING, id);
    return true;
  };
  const look = async (): Promise<boolean> => {
    const id = await engine.namespaceId();
    const known = await settings.putIfAbsent(NAMESPACE_SETTING, id);
    ours = known === id || (await replaced(known, id));
    if (ours && isOwn) await settings.put(OWN_NAMESPACE_SETTING, id);
    if (!ours) {
      const { namespace } = engine;
      log.error(
        { namespace },
        'this Temporal namespace is not the one that runs our incidents: everything holds',
      );
    }
    return ours;
  };
  return { look, isOurs: async () => ours || look() };
}
