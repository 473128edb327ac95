import { join } from 'node:path';
import { invariant } from '../../../domain/error.ts';
import {
  DRAFT,
  expectEqual,
  expectWords,
  FILE,
  fire,
  FIREBREAK,
  PRICING,
  SCORER,
  type Adoption,
} from './adoption.ts';
import { apply, remove } from './kubectl.ts';
import { modelState, ourRequests, replicasOf } from './look.ts';
import type { RunningFirebreak } from './server.ts';

/** The draft's last route: narrower ones go before it. */
const LAST_ROUTE = '  - name: model-alerts\n';
const ASKING = `  - name: fraud
    when: get(alert.labels, 'deployment', '') == 'scorer-v2'
    playbook: model-drift
    mode: ask
`;
const ACTING = `  - name: pricing
    when: get(alert.labels, 'deployment', '').startsWith('pricing-api')
    playbook: model-drift
    mode: auto
`;
const PEOPLE = `people:
  - { id: ada, name: Ada, roles: [responder, approver-model-owner] }
  - { id: sam, name: Sam, roles: [responder, approver-security] }
changeDelaySeconds: 60
`;

/** A token for somebody, which is shown once. */
async function tokenOf({ terminal, secrets }: Adoption, person: string): Promise<string> {
  const made = await terminal.run(
    `${FIREBREAK} token create ${person} --label laptop --scopes read,steer,decide,account --expires 90d`,
  );
  const token = made.trim().split('\n').at(-1) ?? '';
  secrets.push(token);
  return token;
}

/** The rights of acting, people, and one route that asks; its effect is approved by one of them. */
export async function ask(
  adoption: Adoption,
  firebreak: RunningFirebreak,
  alertmanager: string,
): Promise<void> {
  const { terminal, client, folder, registryUrl } = adoption;
  const manifests = `${DRAFT}/rbac-act.yaml`;
  terminal.note(`kubectl apply -f ${manifests}`, await apply(client, join(folder, manifests)));
  await terminal.edit(FILE, [
    [LAST_ROUTE, `${ASKING}${LAST_ROUTE}`],
    [/people: \[\]\n.*\n/, PEOPLE],
  ]);
  const checked = await terminal.run(`${FIREBREAK} doctor --config ${FILE} --data-dir ./data`);
  invariant(!checked.includes('right at kubernetes'), 'no right is missing');
  await terminal.run(`${FIREBREAK} config reload`);
  const token = await tokenOf(adoption, 'ada');
  adoption.tokens.push(token, await tokenOf(adoption, 'sam'));
  await fire(adoption, alertmanager, { alertname: 'PredictionDrift', ...SCORER });
  const wanted = { model: 'FraudDetector', mode: 'ask', told: 'approval.requested' } as const;
  const id = await firebreak.untilTold(wanted);
  const { id: approval, planDigest } = await firebreak.untilAsked(id);
  const admin = terminal.exported.get('FIREBREAK_TOKEN') ?? '';
  terminal.exported.set('FIREBREAK_TOKEN', token);
  terminal.note(`export FIREBREAK_TOKEN=${token}   # Ada's`, '');
  await terminal.run(`${FIREBREAK} approval list`);
  await terminal.run(`${FIREBREAK} approval show ${approval}`);
  await terminal.run(`${FIREBREAK} approval approve ${approval} --plan-digest ${planDigest}`);
  await firebreak.untilTold({ ...wanted, told: 'incident.held' });
  await terminal.run(`${FIREBREAK} incident timeline ${id}`);
  expectWords((await firebreak.facts(id, 'operation.verified')).join('\n'), ['Hold alias prod']);
  const state = await modelState(registryUrl, 'FraudDetector');
  expectWords(state.join('\n'), ['firebreak.dev/hold.prod']);
  terminal.note('(what does the registry say of FraudDetector?)', state.join('\n'));
  terminal.exported.set('FIREBREAK_TOKEN', admin);
}

/** The file's change is asked about, approved by both people, and in force after its delay. */
async function changeRules(
  { terminal, tokens }: Adoption,
  firebreak: RunningFirebreak,
): Promise<void> {
  const reloaded = await terminal.run(`${FIREBREAK} config reload`);
  expectWords(reloaded, ['Two people must approve']);
  await terminal.run(`${FIREBREAK} config changes`);
  const { id, digest } = await firebreak.openChange();
  const admin = terminal.exported.get('FIREBREAK_TOKEN') ?? '';
  for (const token of tokens) {
    terminal.exported.set('FIREBREAK_TOKEN', token);
    terminal.note(`export FIREBREAK_TOKEN=${token}   # Ada's, then Sam's`, '');
    await terminal.run(`${FIREBREAK} config approve ${id} --digest ${digest}`);
  }
  terminal.exported.set('FIREBREAK_TOKEN', admin);
  await firebreak.untilChanged();
  expectWords(await terminal.run(`${FIREBREAK} config changes`), ['No change waits']);
}

/** One route acts by itself: reversible containment, after the time to veto. */
export async function act(
  adoption: Adoption,
  firebreak: RunningFirebreak,
  alertmanager: string,
): Promise<void> {
  const { terminal, client, cluster } = adoption;
  await terminal.edit(FILE, [[LAST_ROUTE, `${ACTING}${LAST_ROUTE}`]]);
  await changeRules(adoption, firebreak);
  await fire(adoption, alertmanager, { alertname: 'PriceSkew', ...PRICING });
  const wanted = { model: 'PriceModel', mode: 'auto', told: 'incident.held' } as const;
  const id = await firebreak.untilTold(wanted);
  await terminal.run(`${FIREBREAK} incident timeline ${id}`);
  await terminal.run(`${FIREBREAK} incident show ${id}`);
  expectWords((await firebreak.facts(id, 'operation.verified')).join('\n'), [
    'Scale Deployment risk/pricing-api-canary from 1 to 0',
    'Hold alias live of PriceModel',
  ]);
  expectEqual('The canary', await replicasOf(client, 'risk', 'pricing-api-canary'), 0);
  expectEqual('The stable one', await replicasOf(client, 'risk', 'pricing-api'), 9);
  const { changes } = await ourRequests(cluster.auditLog);
  expectEqual('What Firebreak changed', changes, ['patch deployments risk/pricing-api-canary']);
  terminal.note('(what did the account firebreak change?)', changes.join('\n'));
}

/** The power to act goes back. */
export async function takeBack({ terminal, client, folder }: Adoption): Promise<void> {
  const manifests = `${DRAFT}/rbac-act.yaml`;
  terminal.note(`kubectl delete -f ${manifests}`, await remove(client, join(folder, manifests)));
  const told = await terminal.run(`${FIREBREAK} doctor --config ${FILE} --data-dir ./data`, 1);
  expectWords(told, ['missing: apps/deployments: patch in risk']);
}
