// How the cost of a row grows with the table: the same table at one million rows, two, four and so on.

import { query } from '../dev/postgres.mjs';
import { entriesOf, runEntry } from './rounds.mjs';
import { growOrders } from './tables.mjs';

/** Seconds for one table after which a contender is taken out: its curve is plain by then. */
export const ENOUGH = 60;

/** For each contender its seconds at each size, from PostgreSQL to PostgreSQL. */
export async function measureGrowth(contenders, { place, maxGrowth }) {
  if (!contenders.length) return [];
  await query(place.source, 'DROP TABLE IF EXISTS public.orders');
  const curves = entriesOf(contenders, ['postgres']).map((entry) => ({ entry, points: [] }));
  for (let millions = Math.min(1, maxGrowth); millions <= maxGrowth; millions *= 2) {
    const table = await growOrders(place.source, 'orders', Math.round(millions * 1e6));
    for (const { entry, points } of curves) {
      if (points.at(-1)?.seconds > ENOUGH) continue;
      const run = await runEntry(entry, table, place, 'growth');
      if (run) points.push({ rows: table.rows, seconds: run.seconds, correct: run.correct });
    }
  }
  await query(place.source, 'DROP TABLE public.orders');
  const climbed = curves.filter(({ points }) => points.length);
  return climbed.map(({ entry, points }) => ({ title: entry.contender.title, points }));
}

/** The curves as a plot. */
export function growthPlot(curves) {
  const lines = curves.map(({ title, points }) => ({
    title,
    points: points.map(({ rows, seconds }) => ({ x: rows, y: rows / seconds })),
  }));
  return {
    title: 'Rows a second, from PostgreSQL to PostgreSQL',
    xLabel: 'rows in the table',
    yLabel: 'rows a second',
    lines,
  };
}
