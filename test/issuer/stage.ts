import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { invariant } from '../../domain/error.ts';
import { createIssuerTwin, type IssuerTwin } from '../../lab/issuer/twin.ts';
import { DoorStage, REDIRECT_URI } from './door-stage.ts';

/** The door at an issuer that can be made to lie. */
class IssuerStage extends DoorStage {
  private twins: readonly [twin: IssuerTwin, other: IssuerTwin] | null = null;

  constructor() {
    super(() => this.twin);
  }

  async open(): Promise<void> {
    const options = { redirectUris: [REDIRECT_URI] };
    this.twins = [await createIssuerTwin(options), await createIssuerTwin(options)];
  }

  async close(): Promise<void> {
    await Promise.all((this.twins ?? []).map((twin) => twin.close()));
  }

  /** The issuer that the server knows. */
  get twin(): IssuerTwin {
    invariant(this.twins !== null, 'the stage is open');
    return this.twins[0];
  }

  /** Another one, where people of the same names are. */
  get other(): IssuerTwin {
    invariant(this.twins !== null, 'the stage is open');
    return this.twins[1];
  }

  override async end(): Promise<void> {
    this.twin.forge({});
    this.twin.faults.clear();
    await super.end();
  }
}

/** A stage for the tests of this file; every test begins with nobody signed in. */
export function useIssuerStage(): IssuerStage {
  const stage = new IssuerStage();
  beforeAll(() => stage.open());
  beforeEach(() => {
    stage.begin();
  });
  afterEach(() => stage.end());
  afterAll(() => stage.close());
  return stage;
}
