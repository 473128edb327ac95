import { randomUUID } from 'node:crypto';
import { homeView, modalView, type Block, type HomeView, type ModalView } from './block-rules.ts';
import type { z } from 'zod';
import { SlackRefusal } from './refusal.ts';
import { json } from './json-text.ts';

/** A modal that somebody has open. */
export interface SlackView {
  readonly id: string;
  readonly view: ModalView;
}

/** What somebody sees in the home of the app. */
export interface SlackHome {
  readonly id: string;
  readonly view: HomeView;
  /** Changes with each publishing. */
  readonly hash: string;
}

const TRIGGER_MS = 3_000;
const VIEW_BYTES_MAX = 250_000;

function viewOf<T>(text: string | undefined, shape: z.ZodType<T>): T {
  if ((text?.length ?? 0) > VIEW_BYTES_MAX) throw new SlackRefusal('view_too_large');
  const parsed = json.pipe(shape).safeParse(text);
  if (parsed.success) return parsed.data;
  throw new SlackRefusal('invalid_arguments', {
    response_metadata: { messages: parsed.error.issues.map(({ message }) => message) },
  });
}

/** Triggers and the modals that they opened. */
export class Views {
  private readonly now: () => Date;
  private readonly triggers = new Map<string, { readonly issuedMs: number; used: boolean }>();
  private readonly byId = new Map<string, SlackView>();
  private readonly homes = new Map<string, SlackHome>();

  constructor(now: () => Date = () => new Date()) {
    this.now = now;
  }

  /** Makes a trigger known, as an interaction does: good for 3 s, and once. */
  trigger(id = `${this.now().getTime().toString()}.${randomUUID()}`): string {
    if (!this.triggers.has(id) && id !== '') {
      this.triggers.set(id, { issuedMs: this.now().getTime(), used: false });
    }
    return id;
  }

  open(parameters: Readonly<Record<string, string>>): object {
    const trigger = this.triggers.get(parameters['trigger_id'] ?? '');
    if (!trigger) throw new SlackRefusal('invalid_trigger_id');
    if (this.now().getTime() - trigger.issuedMs > TRIGGER_MS) {
      throw new SlackRefusal('expired_trigger_id');
    }
    if (trigger.used) throw new SlackRefusal('exchanged_trigger_id');
    const view = viewOf(parameters['view'], modalView);
    trigger.used = true;
    return this.keep({ id: `V${randomUUID().replaceAll('-', '').toUpperCase()}`, view });
  }

  update(parameters: Readonly<Record<string, string>>): object {
    const known = this.get(parameters['view_id'] ?? '');
    return this.keep({ id: known.id, view: viewOf(parameters['view'], modalView) });
  }

  publish(parameters: Readonly<Record<string, string>>): object {
    const { user_id: user = '', hash } = parameters;
    const before = this.homes.get(user);
    const view = viewOf(parameters['view'], homeView);
    if (hash !== undefined && hash !== before?.hash) throw new SlackRefusal('hash_conflict');
    const id = before?.id ?? `V${randomUUID().replaceAll('-', '').toUpperCase()}`;
    const home = { id, view, hash: randomUUID() };
    this.homes.set(user, home);
    return { view: { ...view, id, hash: home.hash } };
  }

  home(user: string): SlackHome | null {
    return this.homes.get(user) ?? null;
  }

  /** What an answer to a submission asks for. */
  replace(id: string, view: unknown): void {
    this.keep({ id, view: viewOf(JSON.stringify(view), modalView) });
  }

  close(id: string): void {
    this.byId.delete(id);
  }

  get(id: string): SlackView {
    const view = this.byId.get(id);
    if (!view) throw new SlackRefusal('not_found');
    return view;
  }

  /** Modals that are open, the newest last. */
  all(): readonly SlackView[] {
    return [...this.byId.values()];
  }

  private keep(view: SlackView): object {
    this.byId.set(view.id, view);
    return { view: this.payloadOf(view) };
  }

  /** The view as payloads carry it. */
  payloadOf({ id, view }: SlackView): object {
    return { private_metadata: '', callback_id: '', ...view, id };
  }
}

type Input = Extract<Block, { readonly type: 'input' }>;

function stateOf({ element }: Input, value: string | null): object {
  if (element.type === 'plain_text_input') return { type: element.type, value };
  const option = value === null ? null : { text: { type: 'plain_text', text: value }, value };
  return { type: element.type, selected_option: option };
}

function initialOf({ element }: Input): string | undefined {
  return element.type === 'plain_text_input' ? element.initial_value : undefined;
}

/** The state of a form with these values by block id. Throws where Slack would not let a person submit. */
export function filledState(
  { view }: SlackView,
  values: Readonly<Record<string, string>>,
): Record<string, object> {
  const inputs = view.blocks.filter((block): block is Input => block.type === 'input');
  return Object.fromEntries(
    inputs.map((block) => {
      const id = block.block_id ?? '';
      const value = values[id] ?? initialOf(block) ?? null;
      if (value === null && block.optional !== true) throw new Error(`${id} is not filled in`);
      return [id, { [block.element.action_id ?? id]: stateOf(block, value) }];
    }),
  );
}
