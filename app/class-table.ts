import { CLASS_RULES, ONE_CLICK, type ClassRule } from '../domain/approval-class.ts';

const UNASKED: Readonly<Record<ClassRule['unasked'], string>> = {
  always: 'always',
  'after-veto': 'in `auto`, once nobody vetoed and no cap is crossed',
  never: 'never',
};

function quorumCell({ quorum: { people, roles }, unasked }: ClassRule): string {
  if (people > 0)
    return `${people.toString()}: ${roles.map((role) => `\`${role}\``).join(' and ')}`;
  const { people: one, roles: click } = ONE_CLICK;
  const asked = `${one.toString()}: \`${click.join(', ')}\`, when asked`;
  return unasked === 'always' ? 'nobody' : asked;
}

/** The approval classes as a Markdown table, derived from the one table that everything reads. */
export function renderClassTable(): string {
  const lines = Object.entries(CLASS_RULES).map(([name, rule]) => {
    const { means, unasked, chatAlone, freshSignIn, expiresAfterSeconds } = rule;
    const cells = [
      ...[name, means, UNASKED[unasked], quorumCell(rule), chatAlone ? 'yes' : 'no'],
      ...[freshSignIn ? 'one yes' : 'no', `${(expiresAfterSeconds / 3600).toString()} hours`],
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '<!-- prettier-ignore -->',
    '| class | what its effects do | by itself | who approves | chat alone | fresh sign-in | open for |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
