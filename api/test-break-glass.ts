import type { BreakGlassKey, ReviewedBreak } from '../domain/break-glass.ts';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';
import { unused } from './test-unused.ts';

const NOW = '2026-11-23T10:00:00.000Z';

/** A key with this secret that its person has taken. */
export function addGlassKey(memory: Memory, person: string, secret: string): string {
  const id = `bgk_${(memory.glassKeys.length + 1).toString()}`;
  memory.glassKeys.push({
    ...{ id, person, askedBy: 'root', askedAt: NOW, expiresAt: '2026-12-23T10:00:00.000Z' },
    ...{ confirmedBy: 'rita', takenAt: NOW, revokedAt: null, usedAt: null },
  });
  memory.glassSecrets.set(sha256Hex(secret), id);
  return id;
}

/** Glass that somebody broke for an incident half an hour ago, and whose review is open. */
export function brokenGlassOf(id: string, incidentId: string): ReviewedBreak {
  const glassBreak = { id, incidentId, person: 'rex', reason: 'nobody else is awake' };
  return {
    glassBreak: {
      ...{ ...glassBreak, channel: 'cli', brokenAt: '2026-11-23T09:20:00.000Z' },
      endsAt: '2026-11-23T09:50:00.000Z',
    },
    review: {
      ...{ id, ownerRole: 'approver-security', dueAt: '2026-11-26T09:20:00.000Z' },
      ...{ closedAt: null, closedBy: null, finding: null },
    },
  };
}

/** Changes a key that this holds of; null when there is none. */
function changed(
  { glassKeys }: Memory,
  id: string,
  {
    when,
    change,
  }: { readonly when: (key: BreakGlassKey) => boolean; readonly change: Partial<BreakGlassKey> },
): BreakGlassKey | null {
  const index = glassKeys.findIndex((key) => key.id === id && when(key));
  const found = glassKeys[index];
  if (found === undefined) return null;
  const next = { ...found, ...change };
  glassKeys[index] = next;
  return next;
}

type Table = Tables['breakGlass'];
type KeyTable = Pick<
  Table,
  'askKey' | 'key' | 'lockKeyOf' | 'keys' | 'confirmKey' | 'takeKey' | 'revokeKey'
>;

/** Keys in memory, as the statements of the database change them. */
function keyTable(memory: Memory): KeyTable {
  const { glassKeys, glassSecrets } = memory;
  return {
    askKey: ({ person, askedBy, askedAt, expiresAt }) => {
      const id = `bgk_${(glassKeys.length + 1).toString()}`;
      const key = { id, person, askedBy, askedAt, expiresAt };
      const fresh = { ...key, confirmedBy: null, takenAt: null, revokedAt: null, usedAt: null };
      glassKeys.push(fresh);
      return Promise.resolve(fresh);
    },
    key: (id) => Promise.resolve(glassKeys.find((key) => key.id === id) ?? null),
    lockKeyOf: (sha256) =>
      Promise.resolve(glassKeys.find(({ id }) => id === glassSecrets.get(sha256)) ?? null),
    keys: () => Promise.resolve(glassKeys.toReversed()),
    confirmKey: (id, { by, at }) =>
      Promise.resolve(
        changed(memory, id, {
          when: ({ confirmedBy, revokedAt, askedBy, person, expiresAt }) =>
            confirmedBy === null &&
            revokedAt === null &&
            ![askedBy, person].includes(by) &&
            expiresAt > at,
          change: { confirmedBy: by },
        }),
      ),
    takeKey: (id, { by, at, sha256 }) => {
      const taken = changed(memory, id, {
        when: ({ person, confirmedBy, takenAt, revokedAt, expiresAt }) =>
          person === by &&
          confirmedBy !== null &&
          takenAt === null &&
          revokedAt === null &&
          expiresAt > at,
        change: { takenAt: at },
      });
      if (taken !== null) glassSecrets.set(sha256, id);
      return Promise.resolve(taken);
    },
    revokeKey: (id, { at }) =>
      Promise.resolve(
        changed(memory, id, {
          when: ({ revokedAt, usedAt }) => revokedAt === null && usedAt === null,
          change: { revokedAt: at },
        }),
      ),
  };
}

/** Keys, broken glass and reviews in memory, as the statements of the database change them. */
export function breakGlassTable(memory: Memory): Table {
  const { glassBreaks, glassTold } = memory;
  const find = (id: string): ReviewedBreak | null =>
    glassBreaks.find(({ glassBreak }) => glassBreak.id === id) ?? null;
  const modelOf = (id: string) => memory.incidents.get(id)?.model ?? null;
  return {
    ...keyTable(memory),
    break: ({ keyId, ...glassBreak }, { ownerRole, dueAt }) => {
      const { brokenAt } = glassBreak;
      const key = changed(memory, keyId, {
        when: ({ usedAt }) => usedAt === null,
        change: { usedAt: brokenAt },
      });
      if (key === null) return Promise.reject(new AppError('conflict', 'The key was used.'));
      const id = `brk_${(glassBreaks.length + 1).toString()}`;
      const review = { id, ownerRole, dueAt, closedAt: null, closedBy: null, finding: null };
      const added = { glassBreak: { id, ...glassBreak }, review };
      glassBreaks.push(added);
      return Promise.resolve(added);
    },
    openOf: ({ person, incidentId, at }) =>
      Promise.resolve(
        glassBreaks
          .map(({ glassBreak }) => glassBreak)
          .findLast(
            (one) => one.person === person && one.incidentId === incidentId && one.endsAt > at,
          ) ?? null,
      ),
    get: (id) => Promise.resolve(find(id)),
    tell: (id) => {
      glassTold.push(id);
      return Promise.resolve();
    },
    closeReview: (id, { by, at, finding }) => {
      const found = find(id);
      if (found === null) return Promise.reject(new AppError('not_found', 'No such review.'));
      const review = { ...found.review, closedAt: at, closedBy: by, finding };
      const closed = { ...found, review };
      glassBreaks[glassBreaks.indexOf(found)] = closed;
      return Promise.resolve(closed);
    },
    reviews: ({ open, incidentId, models = null }, { limit }) =>
      Promise.resolve({
        items: glassBreaks
          .filter(({ review }) => !open || review.closedAt === null)
          .filter(({ glassBreak }) => incidentId === null || glassBreak.incidentId === incidentId)
          .filter(
            ({ glassBreak }) =>
              models === null || models.includes(modelOf(glassBreak.incidentId) ?? ''),
          )
          .toReversed()
          .slice(0, limit),
        next: null,
      }),
    overdue: unused('breakGlass.overdue'),
  };
}
