// `docs/benchmarks.md`, made wholly from what was measured, and the same tables for the terminal.

import { textTable } from '../dev/table.mjs';
import { ENOUGH } from './growth.mjs';
import { isBusy } from './machine.mjs';
import { programs } from './measure.mjs';
import { KINDS, fanOutOf, groupOf, losses } from './results.mjs';
import { wrongRows } from './rounds.mjs';

const count = (value) => Math.round(value).toLocaleString('en');
const times = (value) => (value === null ? '–' : `${value.toFixed(2)} ×`);
const mebibytes = (bytes) => (bytes == null ? '–' : count(bytes / 2 ** 20));

const HEADING = ['', 'runs', 'median s', 'min to max', 'rows/s', 'of the limit', 'of Backfill', 'CPU s', 'MiB', 'key'];

function rowOf(one) {
  const name = one.contender.isReference ? `${one.title} ◄` : one.title;
  if (!one.seconds) return [name, '0', 'not available', ...Array(HEADING.length - 3).fill('')];
  const { median, min, max } = one.seconds;
  return [
    ...[one.wrong ? `${name} (WRONG)` : name, String(one.runs), median.toFixed(2)],
    ...[`${min.toFixed(2)} to ${max.toFixed(2)}`, count(one.rowsPerSecond), times(one.toLimit), times(one.toOurs)],
    ...[one.cpu === null ? '–' : one.cpu.toFixed(1), mebibytes(one.rss), { true: 'yes', false: 'no' }[one.keyed] ?? '–'],
  ];
}

/** The tables of all sections for the terminal. */
export function terminalTables({ sections, growth }) {
  const tables = sections.flatMap((section) =>
    groupsOf(section).map(({ kind, group }) => {
      const title = `${section.title} to ${KINDS[kind]} (${count(section.table.rows)} rows)`;
      return `${title}\n\n${aligned([HEADING, ...group.map(rowOf)])}`;
    }),
  );
  const curves = growth.length ? [aligned(growthRows(growth))] : [];
  return [...tables, ...sections.map(fanOutLine).filter(Boolean), ...curves].join('\n\n');
}

/** Every column but the first to the right. */
function aligned(rows) {
  const width = (column) => Math.max(...rows.map((row) => row[column].length));
  return textTable(rows.map((row) => row.map((cell, column) => (column ? cell.padStart(width(column)) : cell))));
}

const groupsOf = (section) =>
  Object.keys(KINDS)
    .map((kind) => ({ kind, group: groupOf(section, kind) }))
    .filter(({ kind, group }) => group.some((one) => one.kind === kind));

function fanOutLine(section) {
  const fan = fanOutOf(section);
  if (!fan) return null;
  const parts = fan.alone.map(({ kind, seconds }) => `${KINDS[kind]} ${seconds.toFixed(1)} s`).join(', ');
  return (
    `${section.title}, one job with three destinations: ${fan.together.toFixed(1)} s. ` +
    `Three jobs, one after the other: ${fan.sum.toFixed(1)} s (${parts}).`
  );
}

function growthRows(curves) {
  const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ rows }) => rows)))].sort((a, b) => a - b);
  const cell = (points, size) => {
    const point = points.find(({ rows }) => rows === size);
    if (!point) return '–';
    return `${count(point.rows / point.seconds)}${point.correct ? '' : ' (WRONG)'}`;
  };
  return [
    ['rows/s at', ...sizes.map(count)],
    ...curves.map(({ title, points }) => [title, ...sizes.map((size) => cell(points, size))]),
  ];
}

const markdownTable = ([heading, ...rows]) => {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map((_, at) => (at ? '---:' : '---'))), ...rows.map(line)].join('\n');
};

/** The whole document. */
export function markdown({ sections, growth, run }) {
  return [
    '# Benchmarks',
    'Made by `make bench`, every word and figure of it; run it to have your own.',
    whatWasRun(run),
    '## Results',
    READING,
    ...sections.flatMap(resultsOf),
    '## Where Backfill loses',
    lossesOf(sections),
    ...(growth.length ? growthOf(growth) : []),
    '## How it was measured',
    methodOf(run),
    '## Contenders',
    ...sections.slice(0, 1).map(({ entries }) => contendersOf(entries)),
    '## Again',
    AGAIN,
    '',
  ].join('\n\n');
}

const READING = [
  "Seconds are the median of the counted runs. *Of the limit*: the median over that of the first row, which is PostgreSQL's own",
  'COPY and nothing else: for PostgreSQL from `psql` to `psql` into a table with the same key, for files reading alone.',
  "*Of Backfill*: the median over Backfill's; **below 1, the other is faster**. *CPU* and *MiB* are the client's (its processes'",
  "CPU seconds, the largest process's peak), for Backfill the daemon's; the servers' are not in it. *Key*: whether the target's",
  'table has the primary key at the end.',
].join('\n');

function whatWasRun({ date, machine, commit, postgres, versions, loads, options }) {
  const busy = isBusy(loads.start) ? '; **the machine was busy with other work: a quiet one is faster, and its ratios truer**' : '';
  const lines = [
    ['Date', date],
    ['Command', `\`${options.command.join(' ')}\``],
    ['Machine', machine],
    ['Load average', `${loads.start.toFixed(1)} before the runs, ${loads.end.toFixed(1)} after them${busy}`],
    ['Backfill', commit ? `commit ${commit}, release build, as it comes` : 'release build, as it comes'],
    ['PostgreSQL', `${postgres.version}, source and target in one server: ${postgres.settings.join(', ')}`],
    ['Peers', versions.join('; ')],
    ['Rounds', `${options.rounds}; no further run of a contender that has taken ${options.patience} s together`],
  ];
  return markdownTable([['', ''], ...lines]).replaceAll('---:', '---');
}

function resultsOf(section) {
  const { title, table } = section;
  const size = `${count(table.rows)} rows, ${table.columns} columns, ${mebibytes(table.bytes)} MiB, key (${table.key.join(', ')})`;
  return [
    `### ${title}: ${size}`,
    ...groupsOf(section).flatMap(({ kind, group }) => [
      `**To ${KINDS[kind]}**`,
      markdownTable([HEADING, ...group.map(rowOf).map((row, at) => (group[at].contender.isReference ? row.map(bold) : row))]),
      ...remarks(group),
    ]),
    ...[fanOutLine(section)].filter(Boolean),
  ];
}

const bold = (cell) => (cell ? `**${cell}**` : cell);

function remarks(group) {
  const lines = [
    ...group.flatMap(({ title, reason }) => (reason ? [`- ${title}: not available: ${brief(reason)}`] : [])),
    ...group.flatMap(({ title, wrong }) => (wrong ? [`- ${title}: WRONG: ${wrongRows(wrong)} arrived.`] : [])),
  ];
  return lines.length ? [lines.join('\n')] : [];
}

const COLOURS_AND_URLS = /\x1b\[[0-9;]*m|\w+:\/\/\S+/g;

/** A reason in a line: its first, and the last of a log behind it. */
function brief(reason) {
  const lines = reason.replace(COLOURS_AND_URLS, '').split('\n').map((line) => line.replace(/^\s*\|?\s*/, '').trim()).filter(Boolean);
  return [...new Set([lines[0].replace(/The end of .*/, ''), lines.at(-1)])].join(' ').slice(0, 300);
}

function growthOf(curves) {
  return [
    '## Growth',
    `The same narrow table at growing sizes, from PostgreSQL to PostgreSQL (with the same key; without one for the loop), one run at each
size. A contender that needs more than ${ENOUGH} s for a size is spared the next.`,
    '![Rows a second against the rows of the table](benchmarks-growth.svg)',
    markdownTable(growthRows(curves)),
  ];
}

function lossesOf(sections) {
  const lines = sections.flatMap((section) =>
    groupsOf(section).flatMap(({ kind, group }) => losses(group, `${KINDS[kind]} (${section.title})`)),
  );
  return lines.length ? lines.map((line) => `- ${line}`).join('\n') : 'Nowhere in this run.';
}

function methodOf({ options }) {
  return [
    '- One server holds source and target; all contenders run on the same machine, one at a time.',
    '- Before each run the target is made anew (a new database, an empty folder) and PostgreSQL writes a checkpoint.',
    '- Each contender warms up on a tenth of the table; that is not counted. Then come the rounds: every contender once in each,',
    '  beginning with another one each time.',
    '- Backfill is timed as its user sees it: from the POST that creates the job to the answer that says COMPLETED, asked for 20',
    '  times a second. The others: from the start of the process to its end.',
    "- After each run the target's rows and the different keys among them are counted, by PostgreSQL or DuckDB. Who lost or",
    '  doubled rows is marked WRONG. The LIMIT/OFFSET loop is prone to it: PostgreSQL may begin the scan of a large table anywhere, so',
    '  pages without an order overlap and miss rows. Its target has no key, or the first double would end it.',
    '- A table under *key: yes* has had its index built or kept while it was filled; one under *no* has been spared that.',
    '- What the contenders do differs. Backfill, at its defaults, compares a checksum of every chunk with what the target holds before',
    '  it commits, can be killed at any moment and goes on behind its last chunk. As run here, none of the others does either.',
    `- lineitem is TPC-H's at scale factor ${options.scale}; the flights are those of \`make demo\`.`,
  ].join('\n');
}

const DOC_TASK = {
  source: '$SOURCE',
  table: { name: 'TABLE', key: ['KEY'], ddl: () => "'CREATE TABLE …'" },
  target: { path: '$TARGET' },
};

function contendersOf(entries) {
  const seen = new Set();
  const blocks = [];
  for (const { contender, kind, way } of entries) {
    const shown = settingsOf(way, kind);
    if (!shown || seen.has(`${contender.id}${shown}`)) continue;
    seen.add(`${contender.id}${shown}`);
    blocks.push(`# ${contender.title}${contender.version ? ` (${contender.version})` : ''}\n${shown}`);
  }
  return ['```sh', blocks.join('\n\n'), '```'].join('\n');
}

function settingsOf(way, kind) {
  if (way.settings) return way.settings;
  if (!way.command) return null;
  const target = kind === 'postgres' ? { url: '$TARGET' } : { path: '$TARGET' };
  return way.command({ ...DOC_TASK, target }).map(word).join(' ');
}

/** A word of a command as one would type it, without the paths of this machine. */
function word(text) {
  const program = text.replace(`${programs}/`, 'deploy/bench/peers/').replace(/^\/\S*\/(node|psql|sling[\w-]*)$/, '$1');
  return /[\s"|>]/.test(program) && !program.startsWith("'") ? `'${program}'` : program;
}

const AGAIN = [
  '```sh',
  'make bench                                   # all of it: builds, fetches the peers, makes the data, runs, writes this page',
  'BENCH_SCALE=1 BENCH_ROUNDS=5 make bench      # more rows of lineitem (1: six million), more rounds',
  'BENCH_MAX_GROWTH=64 make bench               # the curve up to 64 million rows',
  'BENCH_ONLY=copy,backfill,duckdb make bench   # some contenders; the page then goes to .bench/docs',
  '```',
  '',
  'The programs are in `deploy/bench`. What they fetch and make lies in `.bench`, which git ignores.',
].join('\n');
