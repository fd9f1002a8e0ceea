import { fieldErrors, ProblemError } from '@/api/problem';

/** What the API finds wrong with a request, for the form that sent it. */
export interface Complaints {
  /** What is wrong with a field, or with anything in it: `filters[0].value` has what is said of `filters[0].value[2]`. */
  at: (field: string) => string | undefined;
  /** The problem without what the form shows at its fields; nothing where that is all. */
  rest: unknown;
}

const isWithin = (path: string, field: string) =>
  path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);

/** `shown` are the fields that the form has, by their paths. */
export function complaintsOf(error: unknown, shown: readonly string[]): Complaints {
  const errors = fieldErrors(error);
  const at = (field: string) => {
    const said = errors.filter((complaint) => isWithin(complaint.field, field));
    return said.length > 0 ? said.map(({ message }) => message).join('; ') : undefined;
  };
  return { at, rest: restOf(error, shown) };
}

function restOf(error: unknown, shown: readonly string[]): unknown {
  if (!(error instanceof ProblemError) || !error.problem.errors?.length) return error;
  const left = error.problem.errors.filter(({ field }) => !shown.some((path) => isWithin(field, path)));
  if (left.length === 0) return null;
  const detail = left.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new ProblemError({ ...error.problem, detail, errors: left });
}
