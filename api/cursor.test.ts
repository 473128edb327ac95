import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openCursor, sealCursor } from './cursor.ts';

// Goal: a cursor that was not handed out by this list is refused, naming the field. Method: the round trip as a law,
// single edits, and a table of foreign texts.

const sealed = sealCursor('incidents', '42') ?? '';

describe('cursors', () => {
  test('what was sealed opens again in its own list only', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (after) => {
        const cursor = sealCursor('a', after) ?? '';
        expect(openCursor('a', cursor)).toBe(after);
        expect(() => openCursor('b', cursor)).toThrow(expect.objectContaining({ field: 'cursor' }));
      }),
    );
  });

  test('no edit of one character is taken', () => {
    const bytes = Buffer.from(sealed, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const edited = Buffer.from(bytes);
      edited[index] = (edited[index] ?? 0) ^ 1;
      expect(() => openCursor('incidents', edited.toString('base64url'))).toThrow(
        expect.objectContaining({ code: 'invalid' }),
      );
    }
  });

  test.each([
    ['empty', ''],
    ['a number', '42'],
    ['not base64', '%00'],
    ['JSON null', Buffer.from('null').toString('base64url')],
    ['no checksum', Buffer.from('{"list":"incidents","after":"1"}').toString('base64url')],
    ['very long', 'a'.repeat(10_000)],
  ])('refuses %s', (_name, cursor) => {
    expect(() => openCursor('incidents', cursor)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'cursor' }),
    );
  });

  test('no cursor is the first page, no next page is no cursor', () => {
    expect(openCursor('incidents', undefined)).toBeNull();
    expect(sealCursor('incidents', null)).toBeNull();
  });
});
