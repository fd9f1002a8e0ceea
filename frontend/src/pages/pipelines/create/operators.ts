import type { Filter } from '@/api/types';

export type Operator = Filter['operator'];

/** Of what kind a column's values are, as far as it matters for how they are typed in and compared. */
export type Kind = 'number' | 'text' | 'date' | 'timestamp' | 'timestamptz' | 'boolean' | 'other';

const KINDS: [Kind, RegExp][] = [
  ['other', /\[\]$/],
  ['number', /^(smallint|integer|bigint|numeric|real|double precision|oid|money)\b/],
  ['text', /^(text|character|varchar|char|"char"|name|citext|bpchar)\b/],
  ['date', /^date$/],
  ['timestamptz', /^timestamp(\(\d\))? with time zone$/],
  ['timestamp', /^timestamp(\(\d\))? without time zone$/],
  ['boolean', /^boolean$/],
];

/** `type` is as SQL writes it, such as `numeric(10,2)`. Of types that are not known, only the source can judge. */
export const kindOf = (type: string): Kind =>
  KINDS.find(([, pattern]) => pattern.test(type.replace(/^"(?=\w+"$)|"$/g, '')))?.[0] ?? 'other';

const EQUAL: Operator[] = ['=', '!='];
const ORDER: Operator[] = ['>', '>=', '<', '<=', 'BETWEEN'];
const LISTS: Operator[] = ['IN', 'NOT IN'];
const PATTERNS: Operator[] = ['LIKE', 'ILIKE'];
const NULLS: Operator[] = ['IS NULL', 'IS NOT NULL'];

const BY_KIND: Record<Kind, Operator[]> = {
  number: [...EQUAL, ...ORDER, ...LISTS],
  text: [...EQUAL, ...PATTERNS, ...LISTS, ...ORDER],
  date: ['>=', '<', 'BETWEEN', '=', '!=', '>', '<=', ...LISTS],
  timestamp: ['>=', '<', 'BETWEEN', '=', '!=', '>', '<=', ...LISTS],
  timestamptz: ['>=', '<', 'BETWEEN', '=', '!=', '>', '<=', ...LISTS],
  boolean: ['=', '!='],
  // json has no order and no equality, uuid and inet have: what does not fit is refused with the reason.
  other: [...EQUAL, ...ORDER, ...LISTS],
};

/** The operators that fit a column, the likeliest first. A column that holds no NULL is not asked for it. */
export function operatorsFor(column: { type: string; nullable: boolean }): Operator[] {
  const operators = BY_KIND[kindOf(column.type)];
  return column.nullable ? [...operators, ...NULLS] : operators;
}

/** How many values an operator is given. */
export function arityOf(operator: Operator): 'none' | 'one' | 'two' | 'many' {
  switch (operator) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return 'none';
    case 'BETWEEN':
      return 'two';
    case 'IN':
    case 'NOT IN':
      return 'many';
    default:
      return 'one';
  }
}

const WORDS: Record<Operator, string> = {
  '=': 'is',
  '!=': 'is not',
  '>': 'is more than',
  '>=': 'is at least',
  '<': 'is less than',
  '<=': 'is at most',
  LIKE: 'is like',
  ILIKE: 'is like, in any case',
  'IS NULL': 'is NULL',
  'IS NOT NULL': 'is not NULL',
  IN: 'is one of',
  'NOT IN': 'is none of',
  BETWEEN: 'is between',
};

const TIME_WORDS: Partial<Record<Operator, string>> = {
  '>': 'is after',
  '>=': 'is from',
  '<': 'is before',
  '<=': 'is until',
};

/** An operator in words, beside its sign. */
export function operatorLabel(operator: Operator, kind: Kind): string {
  const isTime = kind === 'date' || kind === 'timestamp' || kind === 'timestamptz';
  const words = (isTime && TIME_WORDS[operator]) || WORDS[operator];
  return /[=<>]/.test(operator) ? `${words}  ${operator}` : words;
}
