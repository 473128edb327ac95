import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import type { HandOperation } from '../domain/hand-plan.ts';
import { renderHandPlan } from './hand-plan.ts';

// Goal: what is printed for a shell does nothing but what it says, whatever names and sentences come from outside.
// Method: an operation full of what a shell acts upon; the lines are given to a shell in which curl only repeats its words.

const EVIL = `x'; touch /tmp/owned; echo "$(id)" \`id\` \n rm -rf ~ # \u001b[31m`;

const operation: HandOperation = {
  step: 'isolate',
  operation: 'evil',
  title: EVIL,
  kind: 'action',
  note: null,
  effects: [
    {
      instance: 'kubernetes-eu',
      target: 'kubernetes-eu/Deployment/ml/x',
      summary: EVIL,
      undo: EVIL,
      requests: [
        {
          method: 'PATCH',
          path: `/apis/${encodeURIComponent(EVIL)}?a=b'c`,
          type: 'application/json',
          body: { [EVIL]: EVIL },
        },
      ],
    },
    { instance: 'mlflow', target: EVIL, summary: 'by hand', undo: 'none', requests: null },
  ],
};

/** What curl was given, one word a line, by a shell that ran the lines. */
function wordsOf(script: string): readonly string[] {
  const shell = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${script}`;
  const env = {
    PATH: '/nowhere',
    KUBERNETES_EU: 'https://k',
    KUBERNETES_EU_AUTH: 'authorization: x',
  };
  return execFileSync('/bin/bash', ['-ec', shell], { env, encoding: 'utf8' }).split('\0');
}

describe('the rest of a plan for a shell', () => {
  test('gives curl exactly the request, and the shell nothing else', () => {
    const words = wordsOf(renderHandPlan([operation]));
    const [request] = operation.effects[0]?.requests ?? [];
    expect(words).toEqual([
      '-sS',
      '--fail-with-body',
      '-X',
      'PATCH',
      `https://k${request?.path ?? ''}`,
      '-H',
      'authorization: x',
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify(request?.body),
      '',
    ]);
  });

  test('names the variables to set, and what has no plain request', () => {
    const script = renderHandPlan([operation]);
    expect(script).toContain('KUBERNETES_EU_AUTH');
    expect(script).toContain('No plain request does this');
    expect(script).not.toContain('\u001b');
  });
});
