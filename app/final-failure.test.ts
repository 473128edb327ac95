// Goal: which failures end a message, by its channel. Method: the table of codes.
import { expect, test } from '@jest/globals';
import { ERROR_CODES } from '../domain/error.ts';
import { endsMessage } from './final-failure.ts';

const ENDS_EVERYWHERE = ['invalid', 'refused', 'too_large', 'unsupported'];
/** In Slack these wait for whoever can put them right. */
const ENDS_ELSEWHERE = ['unauthorized', 'not_found', 'conflict'];

test.each(ERROR_CODES.map((code) => [code]))('%s ends a message or not', (code) => {
  const always = ENDS_EVERYWHERE.includes(code);
  const elsewhere = always || ENDS_ELSEWHERE.includes(code);
  expect({
    slack: endsMessage('slack', code),
    mail: endsMessage('mail', code),
    page: endsMessage('page', code),
  }).toEqual({ slack: always, mail: elsewhere, page: elsewhere });
});
