import type { FieldError, Problem } from './types';

/** What the API refused or could not do, or why it was not reached. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }

  get status() {
    return this.problem.status;
  }

  /** Whether nobody answered, rather than answering with a refusal. */
  get isUnreachable() {
    return this.status === 0;
  }
}

export const unreachable = () =>
  new ProblemError({
    type: '/problems/unreachable',
    title: 'Backfill cannot be reached',
    status: 0,
    detail: 'The API does not answer. Check that it is running and that you are connected to its network.',
  });

/** The problem document of a failed response, or one that says what came instead. */
export function problemOf(response: Response, body: unknown): ProblemError {
  if (isProblem(body)) return new ProblemError(body);
  // A proxy in between says by these that the API is gone.
  if (response.status >= 502) return unreachable();
  return new ProblemError({
    type: 'about:blank',
    title: 'Unexpected answer',
    status: response.status,
    detail: `The API answered with status ${response.status} and no explanation.`,
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { type: 'about:blank', title: 'Something went wrong in the dashboard', status: 0, detail };
}

/** What is wrong with fields, where the API says so. */
export function fieldErrors(error: unknown): FieldError[] {
  return error instanceof ProblemError ? (error.problem.errors ?? []) : [];
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'title' in body && 'status' in body && 'detail' in body;
}
