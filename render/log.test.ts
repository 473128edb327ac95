// Goal: no text can forge a log record or act on the terminal that shows the log.
// Method: hostile and generated records must stay on one line and parse to what was logged.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { LOG_TEXT_MAX, logText, renderLogRecord } from './log.ts';

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('log', () => {
  test.each(
    HOSTILE_TEXTS.map((text): [string, string] => [JSON.stringify(text.slice(0, 40)), text]),
  )('%s stays inside its record', (_name, text) => {
    const line = renderLogRecord({ msg: text, [text.slice(0, 20)]: 1 });
    expect(line.endsWith('\n')).toBe(true);
    expect(line.slice(0, -1)).not.toMatch(UNSEEN);
    expect(JSON.parse(line)).toEqual({ msg: text, [text.slice(0, 20)]: 1 });
    expect(logText(text)).not.toMatch(UNSEEN);
    expect(logText(text).length).toBeLessThanOrEqual(LOG_TEXT_MAX);
  });

  test('any record parses to an equal one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = renderLogRecord({ msg: text });
        expect(line.slice(0, -1)).not.toMatch(UNSEEN);
        expect(JSON.parse(line)).toEqual({ msg: text });
      }),
    );
  });
});
