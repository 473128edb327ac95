import type { Lab } from '../../lab/lab.ts';

/** How our requests name themselves. */
export const AGENT = 'firebreak';
/** What differs from run to run in an address: names that the systems and the incident make up. */
const MADE_UP = /(?<=-)[a-z0-9]{5,}(?=[/-]|$)|firebreak-[0-9a-f]+/gu;

/** Every request of ours that changed one of the systems, with its times made equal: sorted, comparable. */
export function changesOf(lab: Lab): readonly string[] {
  const { kubernetes, mlflow, airflow } = lab;
  return [kubernetes, mlflow, airflow]
    .flatMap(({ name, ledger }) =>
      ledger
        .filter(({ changed, agent }) => changed && agent === AGENT)
        .map(({ method, path }) => `${name} ${method} ${path.split('?')[0] ?? ''}`),
    )
    .map((change) => change.replaceAll(MADE_UP, '*'))
    .sort();
}
