import { sep } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Folders whose suites take minutes: begun last, they would leave one processor idle at the end. */
const LONG = [
  'test/crash',
  'test/restart',
  'test/contract',
  'test/lane',
  'test/e2e',
  'test/fault',
  'test/workflows',
];

function rankOf({ path }) {
  const rank = LONG.findIndex((folder) => path.includes(sep + folder.replaceAll('/', sep) + sep));
  return rank === -1 ? LONG.length : rank;
}

/** Begins with what takes longest, also on a fresh machine that has no times of earlier runs. */
export default class LongestFirst extends Sequencer {
  /** Answers the suites in the order in which they begin. */
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rankOf(one) - rankOf(other));
  }
}
