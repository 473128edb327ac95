import { z } from 'zod';

/** A page of the probe `models`. */
export const modelsPage = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      aliases: z.record(z.string(), z.string()),
      tags: z.record(z.string(), z.string()),
    }),
  ),
  next: z.string().nullable(),
});
/** One model of it. */
export type ListedModel = z.infer<typeof modelsPage>['models'][number];

const version = z.object({
  name: z.string(),
  version: z.string(),
  createdAt: z.string().nullable(),
  updatedAt: z.string().nullable(),
  digest: z.string().nullable(),
  runId: z.string().nullable(),
  source: z.string().nullable(),
  status: z.string(),
  tags: z.record(z.string(), z.string()),
});
/** One version of a page of the probe `model-versions`. */
export type ListedVersion = z.infer<typeof version>;

/** A page of the probe `model-versions`. */
export const versionsPage = z.object({
  versions: z.array(version),
  next: z.string().nullable(),
});

/** An answer of the probe `run`: what of it says what went in. */
export const runInputs = z.object({
  status: z.string(),
  datasets: z.array(
    z.object({
      name: z.string(),
      digest: z.string(),
      sourceType: z.string(),
      source: z.string(),
    }),
  ),
});

/** An answer of the probe `artifact-listing`. */
export const artifactListing = z.object({
  files: z.array(z.object({ path: z.string(), bytes: z.number().nullable() })),
});

/** An answer of the probe `artifact-digest`: what of it is kept. */
export const artifactDigest = z.object({ sha256: z.string(), bytes: z.number() });

/** What is stored of an artefact: its digest and the listing that it was taken under. */
export const storedArtifact = z.object({
  name: z.string(),
  version: z.string(),
  sha256: z.string().nullable(),
  bytes: z.number().nullable(),
  /** SHA-256 of names and sizes, hex; null where they could not be listed. */
  listing: z.string().nullable(),
  /** Code of what stood in the way; null when nothing did. */
  problem: z.string().nullable(),
});
/** It, parsed. */
export type StoredArtifact = z.infer<typeof storedArtifact>;

/** What is stored of an alias. */
export const storedAlias = z.object({ name: z.string(), alias: z.string(), version: z.string() });

/** What is stored of a serving object. */
export const storedServing = z.object({
  namespace: z.string(),
  name: z.string(),
  images: z.array(z.string()),
  references: z.array(
    z.object({
      name: z.string(),
      version: z.string().nullable(),
      alias: z.string().nullable(),
    }),
  ),
  looksLike: z.string().nullable(),
});

/** What is stored of what a serving object runs. */
export const storedRunning = z.object({
  namespace: z.string(),
  name: z.string(),
  versions: z.array(
    z.object({ version: z.string().nullable(), image: z.string(), imageId: z.string() }),
  ),
});

/** An answer of the probe `deployments`: what of it is looked at. */
export const deploymentsListing = z.object({
  deployments: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      createdAt: z.string().nullable(),
      containers: z.array(z.object({ image: z.string(), env: z.record(z.string(), z.string()) })),
    }),
  ),
});

/** An answer of the probe `all-running-versions`. */
export const runningListing = z.object({
  deployments: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      versions: z.array(
        z.object({
          version: z.string().nullable(),
          image: z.string(),
          imageId: z.string(),
          since: z.string().nullable(),
        }),
      ),
    }),
  ),
});
