/** `ok: false` with Slack's error code. */
export class SlackRefusal extends Error {
  override readonly name = 'SlackRefusal';
  readonly extra: object;

  constructor(code: string, extra: object = {}) {
    super(code);
    this.extra = extra;
  }
}
