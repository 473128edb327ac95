import type { ApiDependencies } from '../api/dependencies.ts';
import type { IssuerSettings } from '../api/issuer.ts';

/** Adds signing in at an issuer to what the API is given, where one is configured. Nothing is asked of it yet. */
export async function withIssuer(
  { issuer = null }: { readonly issuer?: IssuerSettings | null },
  api: ApiDependencies,
): Promise<ApiDependencies> {
  if (issuer === null) return api;
  // Loaded only where it is configured.
  const { createIssuer } = await import('../api/issuer.ts');
  return { ...api, issuer: createIssuer(issuer) };
}
