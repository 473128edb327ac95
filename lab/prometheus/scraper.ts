import { ExpositionError, parseExposition, type Labels, type ScrapedSample } from './exposition.ts';
import { labelKey, type SampleStore } from './sample-store.ts';

/** What is scraped. */
export interface ScrapeTarget {
  /** Address of the metrics page. */
  readonly url: string;
  /** Value of the label `job`. */
  readonly job: string;
  /** Further labels of every series of this target; `instance` is the address's host by default. */
  readonly labels?: Labels;
}

/** Scrapes targets into a store. */
export interface Scraper {
  /** One round over all targets, now; resolves when its samples are stored. */
  scrape(): Promise<void>;
  stop(): Promise<void>;
}

const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const TIMEOUT_MS = 1_000;

function targetLabels(target: ScrapeTarget): Labels {
  return { instance: new URL(target.url).host, job: target.job, ...target.labels };
}

/** The target's labels win; what they hide is kept under `exported_…`, as Prometheus does. */
function merged(scraped: Labels, own: Labels): Labels {
  const kept = Object.entries(scraped).map(([label, value]): readonly [string, string] => [
    label in own ? `exported_${label}` : label,
    value,
  ]);
  return { ...Object.fromEntries(kept), ...own };
}

async function readPage(
  target: ScrapeTarget,
  signal: AbortSignal,
): Promise<readonly ScrapedSample[]> {
  const response = await fetch(target.url, { signal, headers: { accept: 'text/plain' } });
  if (!response.ok)
    throw new ExpositionError(`server returned HTTP status ${response.status.toString()}`);
  const text = await response.text();
  if (text.length > PAGE_BYTES_MAX) throw new ExpositionError('body too large');
  return parseExposition(text);
}

/** A scraper that makes a round every `intervalMs`; a round that is under way is not doubled. */
export function createScraper(options: {
  readonly targets: () => readonly ScrapeTarget[];
  readonly store: SampleStore;
  readonly intervalMs: number;
  readonly now: () => Date;
}): Scraper {
  const stopping = new AbortController();
  const alive = new Map<string, ReadonlyMap<string, Labels>>();
  let round: Promise<void> | undefined;

  const store = (target: ScrapeTarget, samples: readonly ScrapedSample[] | null): void => {
    const at = options.now().getTime();
    const own = targetLabels(target);
    const seen = new Map<string, Labels>();
    for (const sample of samples ?? []) {
      const labels = merged(sample.labels, own);
      const key = labelKey(labels);
      seen.set(key, labels);
      options.store.append(labels, { at, value: sample.value }, key);
    }
    // A series that is gone, or whose target is down, is stale from now on.
    for (const [key, labels] of alive.get(labelKey(own)) ?? []) {
      if (!seen.has(key)) options.store.append(labels, { at, value: null }, key);
    }
    alive.set(labelKey(own), seen);
    options.store.append({ ...own, __name__: 'up' }, { at, value: samples === null ? 0 : 1 });
  };
  const scrapeTarget = async (target: ScrapeTarget): Promise<void> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    // Whatever goes wrong with a target, it is down for this round.
    const samples = await readPage(target, signal).catch(() => null);
    if (!stopping.signal.aborted) store(target, samples);
  };
  const scrape = (): Promise<void> => {
    round ??= Promise.all(options.targets().map(scrapeTarget))
      .then(() => undefined)
      .finally(() => {
        round = undefined;
      });
    return round;
  };
  const timer = setInterval(() => void scrape(), options.intervalMs);
  return {
    scrape: async () => {
      // A round under way began before now.
      await round;
      await scrape();
    },
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await round;
    },
  };
}
