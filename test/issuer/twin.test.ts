// Goal: the issuer twin does what a real one does, and Firebreak's door works at it. Method: the cases that `npm run conformance issuer`
// puts to a certified OpenID provider, here on a twin each.
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { createIssuerTwin, type IssuerTwin } from '../../lab/issuer/twin.ts';
import { DOOR_CASES } from './door-cases.ts';
import { DoorStage, REDIRECT_URI } from './door-stage.ts';
import { DIRECTORY, OTHER_CLIENT, type IssuerUnderTest } from './issuer-under-test.ts';
import { PROTOCOL_CASES } from './protocol-cases.ts';

async function start(): Promise<IssuerUnderTest> {
  let aheadMs = 0;
  const twin: IssuerTwin = await createIssuerTwin({
    ...{ redirectUris: [REDIRECT_URI], otherClient: OTHER_CLIENT, claims: DIRECTORY },
    now: () => new Date(Date.now() + aheadMs),
  });
  return {
    ...twin,
    rotate: () => {
      twin.rotate();
      return Promise.resolve();
    },
    setAhead: (seconds) => {
      aheadMs = seconds * 1000;
      return Promise.resolve();
    },
    plant: (idToken) => {
      twin.forge({ idToken });
      return Promise.resolve();
    },
  };
}

let issuer: IssuerUnderTest;
beforeEach(async () => {
  issuer = await start();
});
afterEach(() => issuer.close());

describe('an issuer', () => {
  test.each(PROTOCOL_CASES)('$title', ({ run }) => run(issuer));
});

describe('the door', () => {
  const stage = new DoorStage(() => issuer);
  beforeEach(() => {
    stage.begin();
  });
  afterEach(() => stage.end());
  test.each(DOOR_CASES)('$title', ({ run }) => run({ stage, issuer }));
});
