import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const role = z.object({
  kind: z.enum(['Role', 'ClusterRole']),
  metadata: z.object({ namespace: z.string().nullable().default(null) }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});

/** `group/resource: verb` of every rule of a manifest that holds in this namespace; null: in the whole cluster. */
export function grantedIn(namespace: string | null, manifest: string): readonly string[] {
  return parseAllDocuments(manifest)
    .map((document) => role.safeParse(document.toJS()))
    .flatMap(({ data }) => (data?.metadata.namespace === namespace ? data.rules : []))
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource}: ${verb}`)),
      ),
    );
}
