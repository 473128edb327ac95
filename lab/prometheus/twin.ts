import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { answerQuery } from './query-api.ts';
import { SampleStore } from './sample-store.ts';
import { createScraper, type ScrapeTarget } from './scraper.ts';

/** How a Prometheus twin is started. */
export interface PrometheusTwinOptions {
  readonly targets?: readonly ScrapeTarget[];
  /** 200 by default. */
  readonly scrapeIntervalMs?: number;
  readonly port?: number;
  readonly faults?: FaultPlan;
  /** Asks every caller for `Authorization: Bearer …`, as a proxy would. */
  readonly token?: string;
  readonly now?: () => Date;
}

/** A running Prometheus twin. */
export interface PrometheusTwin extends Twin {
  addTarget(target: ScrapeTarget): void;
  /** One round of scrapes now; resolves when the samples can be queried. */
  scrape(): Promise<void>;
}

const SCRAPE_INTERVAL_MS = 200;
const VERSION = '3.5.0';

const FIXED: Readonly<Record<string, TwinReply>> = {
  '/-/healthy': { status: 200, body: 'Prometheus Server is Healthy.\n' },
  '/-/ready': { status: 200, body: 'Prometheus Server is Ready.\n' },
  '/api/v1/status/buildinfo': {
    status: 200,
    body: {
      status: 'success',
      data: { version: VERSION, revision: 'lab', branch: 'lab', goVersion: 'none' },
    },
  },
};

function answer(request: TwinRequest, store: SampleStore, now: number): TwinReply {
  const { pathname } = request.url;
  const fixed = FIXED[pathname];
  if (fixed !== undefined) return fixed;
  if (pathname !== '/api/v1/query' && pathname !== '/api/v1/query_range') {
    return { status: 404, body: '404 page not found\n' };
  }
  if (request.method !== 'GET' && request.method !== 'POST') {
    return { status: 405, body: 'Method Not Allowed\n' };
  }
  return answerQuery(store, request, now);
}

/** Starts a Prometheus that scrapes its targets and answers a subset of PromQL from memory. */
export async function createPrometheusTwin(
  options: PrometheusTwinOptions = {},
): Promise<PrometheusTwin> {
  const now = options.now ?? ((): Date => new Date());
  const store = new SampleStore();
  const targets: ScrapeTarget[] = [...(options.targets ?? [])];
  const twin = await startTwin({
    name: 'prometheus',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      const refused =
        options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`;
      if (refused) return { status: 401, body: 'Unauthorized\n' };
      return answer(request, store, now().getTime());
    },
  });
  const intervalMs = options.scrapeIntervalMs ?? SCRAPE_INTERVAL_MS;
  const scraper = createScraper({ targets: () => targets, store, intervalMs, now });
  return {
    ...twin,
    addTarget: (target) => {
      targets.push(target);
    },
    scrape: () => scraper.scrape(),
    close: async () => {
      await scraper.stop();
      await twin.close();
    },
  };
}
