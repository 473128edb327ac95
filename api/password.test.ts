import { describe, expect, test } from '@jest/globals';
import { createPasswords, oneTimePassword, requireGoodPassword } from './password.ts';

// Goal: what is kept of a password tells nothing of it, and only that password matches. Method: scrypt at its lowest cost.

const passwords = createPasswords(2);

describe('what is kept', () => {
  test('names its parameters and salt, and differs each time', async () => {
    const [one, two] = await Promise.all([
      passwords.keep('correct horse'),
      passwords.keep('correct horse'),
    ]);
    expect(one).toMatch(/^scrypt\$2\$8\$3\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$/u);
    expect(one).not.toBe(two);
    expect(one).not.toContain('horse');
  });

  test('one kept at another cost still matches: the parameters are read, not assumed', async () => {
    const kept = await createPasswords(4).keep('correct horse');
    expect(await passwords.matches('correct horse', kept)).toBe(true);
  });

  test.each([
    ['another', 'correct horsf', false],
    ['a longer one', 'correct horse ', false],
    ['an empty one', '', false],
    ['the same in another normal form', 'ﬁrebreak é', true],
  ])('%s', async (_name, attempt, holds) => {
    const kept = await passwords.keep(holds ? 'firebreak e\u0301' : 'correct horse');
    expect(await passwords.matches(attempt, kept)).toBe(holds);
  });

  test('nobody’s password matches nothing, and what is not ours is an error', async () => {
    expect(await passwords.matches('', null)).toBe(false);
    await expect(passwords.matches('x', 'plain')).rejects.toThrow('expects');
    await expect(passwords.matches('x', 'scrypt$2$8$3$AA==$')).rejects.toThrow('expects');
  });

  test('a flood waits or is told to come back; afterwards everything goes on', async () => {
    const all = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.keep('x')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(22);
    expect(await passwords.matches('x', await passwords.keep('x'))).toBe(true);
  });
});

describe('passwords themselves', () => {
  test('one that is made is long, and no two are equal', () => {
    const made = Array.from({ length: 100 }, oneTimePassword);
    expect(new Set(made).size).toBe(100);
    for (const one of made) expect(one).toMatch(/^([a-z2-9]{6}-){3}[a-z2-9]{6}$/u);
  });

  test.each([
    ['too short', 'elevenchars', false],
    ['too long', 'ab'.repeat(101), false],
    ['the same again and again', 'aaaabbbbccccdddd', false],
    ['the id in it', 'xx-Samantha-2026', false],
    ['twelve characters', 'twelve chars', true],
    ['four bytes each', '🔥🚒🧯💧🪣🚨🔥🚒🧯💧🪣🚨', true],
  ])('%s', (_name, password, good) => {
    const check = () => {
      requireGoodPassword(password, 'samantha');
    };
    if (good) expect(check).not.toThrow();
    else expect(check).toThrow();
  });
});
