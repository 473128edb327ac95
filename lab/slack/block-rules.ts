import { z } from 'zod';

/** Blocks that Slack takes in one message, and in one view. */
export const BLOCKS_MAX = { message: 50, view: 100 } as const;

const words = (max: number) => z.string().min(1).max(max);
const plain = (max: number) => z.looseObject({ type: z.literal('plain_text'), text: words(max) });
const text = (max: number) =>
  z.looseObject({ type: z.enum(['plain_text', 'mrkdwn']), text: words(max) });
const actionId = words(255).optional();
const option = z.looseObject({ text: plain(75), value: words(150) });

const confirm = z.looseObject({
  title: plain(100),
  text: text(300),
  confirm: plain(30),
  deny: plain(30),
});
const button = z.looseObject({
  type: z.literal('button'),
  text: plain(75),
  action_id: actionId,
  value: words(2_000).optional(),
  url: words(3_000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  confirm: confirm.optional(),
});
const staticSelect = z.looseObject({
  type: z.literal('static_select'),
  action_id: actionId,
  options: z.array(option).min(1).max(100),
});
const externalSelect = z.looseObject({
  type: z.literal('external_select'),
  action_id: actionId,
  min_query_length: z.int().min(0).optional(),
});
const textInput = z.looseObject({
  type: z.literal('plain_text_input'),
  action_id: actionId,
  multiline: z.boolean().optional(),
  max_length: z.int().min(1).max(3_000).optional(),
  initial_value: z.string().max(3_000).optional(),
});

const blockId = words(255).optional();
const block = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('divider'), block_id: blockId }),
  z.looseObject({ type: z.literal('header'), block_id: blockId, text: plain(150) }),
  z
    .looseObject({
      type: z.literal('section'),
      block_id: blockId,
      text: text(3_000).optional(),
      fields: z.array(text(2_000)).min(1).max(10).optional(),
    })
    .refine(({ text: said, fields }) => said !== undefined || fields !== undefined),
  z.looseObject({
    type: z.literal('context'),
    block_id: blockId,
    elements: z.array(text(2_000)).min(1).max(10),
  }),
  z.looseObject({
    type: z.literal('actions'),
    block_id: blockId,
    elements: z
      .array(z.union([button, staticSelect, externalSelect]))
      .min(1)
      .max(25),
  }),
  z.looseObject({
    type: z.literal('input'),
    block_id: blockId,
    label: plain(2_000),
    hint: plain(2_000).optional(),
    optional: z.boolean().optional(),
    element: z.union([textInput, staticSelect, externalSelect]),
  }),
]);

/** A block as the twin keeps it. */
export type Block = z.infer<typeof block>;

function haveOwnIds(blocks: readonly Block[]): boolean {
  const ids = blocks.flatMap(({ block_id: id }) => (id === undefined ? [] : [id]));
  return new Set(ids).size === ids.length;
}

/** Blocks of a message. */
export const messageBlocks = z.array(block).max(BLOCKS_MAX.message).refine(haveOwnIds);

/** A modal as an app asks for it. */
export const modalView = z
  .looseObject({
    type: z.literal('modal'),
    title: plain(24),
    submit: plain(24).optional(),
    close: plain(24).optional(),
    callback_id: words(255).optional(),
    private_metadata: z.string().max(3_000).optional(),
    blocks: z.array(block).max(BLOCKS_MAX.view).refine(haveOwnIds),
  })
  .refine(
    ({ blocks, submit }) => submit !== undefined || blocks.every(({ type }) => type !== 'input'),
  );

/** A modal that Slack takes. */
export type ModalView = z.infer<typeof modalView>;

/** The home of an app. */
export const homeView = z.looseObject({
  type: z.literal('home'),
  callback_id: words(255).optional(),
  private_metadata: z.string().max(3_000).optional(),
  blocks: z.array(block).max(BLOCKS_MAX.view).refine(haveOwnIds),
});

/** A home that Slack takes. */
export type HomeView = z.infer<typeof homeView>;
