import { CommanderError } from 'commander';
import { isAppError, type AppError, type ErrorCode } from '../domain/error.ts';
import { visibleLines } from '../render/visible.ts';

/** Stable exit codes. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  interrupted: 130,
} as const;

const CODES: Readonly<Record<ErrorCode, number>> = {
  invalid: EXIT.usage,
  unauthorized: EXIT.refused,
  not_found: EXIT.failed,
  conflict: EXIT.refused,
  refused: EXIT.refused,
  too_large: EXIT.usage,
  rate_limited: EXIT.unreachable,
  unavailable: EXIT.unreachable,
  outcome_unknown: EXIT.failed,
  bad_reply: EXIT.failed,
  unsupported: EXIT.failed,
  internal: EXIT.failed,
};

/** What a person can do about what a server answered, or about no answer. */
const SERVER_FIXES: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized:
    'Give a token whose person holds the role: --token, FIREBREAK_TOKEN or FIREBREAK_TOKEN_FILE.',
  conflict: 'Look at it again (`firebreak incident show ID`), then decide on what you see.',
  not_found:
    'List what there is: `firebreak incident list`, `firebreak approval list`, `firebreak user list`.',
  unavailable:
    'Start it with `firebreak start`, or name another server with --url or FIREBREAK_URL.',
  rate_limited: 'Wait a moment and try again.',
};

/** What a person can do about a failure of this process. */
const OWN_FIXES: Readonly<Partial<Record<ErrorCode, string>>> = {
  bad_reply:
    'Check that --url names Firebreak and that both have the same version (`firebreak --version`).',
  internal: 'Run it again with --debug and report what it says.',
};

/** Said in place of a role where one has it, and the token is worth too little. */
const APPROVING = 'a token that may approve';
const APPROVING_FIX =
  'Take a token that approves: `firebreak token list ID` shows which of yours do, docs/roles.md how one comes to be.';

/** What to do: what is wrong here, with a file or the database, is no matter of a server's answer. */
function fixOf({ code, details, permission }: AppError): string | null {
  const fromServer = details?.['requestId'] !== undefined || details?.['reason'] === 'unreachable';
  if (fromServer && permission?.includes(APPROVING) === true) return APPROVING_FIX;
  return (fromServer ? SERVER_FIXES[code] : undefined) ?? OWN_FIXES[code] ?? null;
}

/** An error as it is shown: what, where, how to fix; and the exit code. */
export interface Failure {
  readonly exitCode: number;
  readonly document: {
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly field: string | null;
      readonly permission: string | null;
      readonly fix: string | null;
      readonly requestId: string | null;
      /** Every problem of a file, with its place, when there are several. */
      readonly problems?: readonly string[];
    };
  };
}

/** The problems of a file, one sentence each, behind its place. */
function problemsOf(error: AppError): readonly string[] {
  const problems = error.details?.['problems'];
  if (!Array.isArray(problems) || problems.length < 2) return [];
  return problems.map((problem: unknown) => {
    const parts = typeof problem === 'object' && problem !== null ? Object.entries(problem) : [];
    const { file, line, column, message } = Object.fromEntries(
      parts.map(([name, value]: [string, unknown]) => [name, String(value)]),
    );
    return `${file ?? ''}:${line ?? ''}:${column ?? ''}: ${message ?? ''}`;
  });
}

function failureOf(error: AppError): Failure {
  const requestId = error.details?.['requestId'];
  const problems = problemsOf(error);
  return {
    exitCode: CODES[error.code],
    document: {
      error: {
        code: error.code,
        message: error.message,
        field: error.field ?? null,
        permission: error.permission ?? null,
        fix: fixOf(error),
        requestId: typeof requestId === 'string' ? requestId : null,
        ...(problems.length === 0 ? {} : { problems }),
      },
    },
  };
}

function plainFailure(code: string, message: string, exitCode: number): Failure {
  const error = { code, message, field: null, permission: null, fix: null, requestId: null };
  return { exitCode, document: { error } };
}

/** The failure behind whatever was raised. Null when nothing failed: help or version was asked for. */
export function describeFailure(error: unknown, interrupted: boolean): Failure | null {
  if (interrupted) return plainFailure('interrupted', 'Interrupted.', EXIT.interrupted);
  if (error instanceof CommanderError) {
    const shown = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
    if (shown) return null;
    return plainFailure('usage', error.message.replace(/^error: /, ''), EXIT.usage);
  }
  if (isAppError(error)) return failureOf(error);
  const message = error instanceof Error ? error.message : 'Something went wrong.';
  return plainFailure('internal', message, EXIT.failed);
}

/** The failure in lines for people; text from elsewhere is shown inert. */
export function failureText({ document: { error } }: Failure): string {
  const { problems = [] } = error;
  const lines = [
    ...(problems.length === 0
      ? [`error: ${error.message}`]
      : problems.map((problem) => `error: ${problem}`)),
    error.field === null || error.message.includes(error.field) ? null : `  where: ${error.field}`,
    error.permission === null ? null : `  needed: ${error.permission}`,
    error.fix === null ? null : `  fix: ${error.fix}`,
    error.requestId === null ? null : `  request: ${error.requestId}`,
  ];
  return visibleLines(lines.filter((line) => line !== null).join('\n'));
}
